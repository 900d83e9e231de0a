extension UsageUnit {
    /// How a unit's price is quoted.
    public enum PriceQuantity: Sendable {
        /// Dollars per million, for tokens and characters.
        case perMillion
        /// Dollars per use.
        case perUse
        /// Dollars per hour, for units counted in milliseconds.
        case perHour
    }

    /// How the unit's price is quoted.
    public var priceQuantity: PriceQuantity {
        switch self {
        case .audioInputMilliseconds, .audioOutputMilliseconds, .sessionMilliseconds, .videoOutputMilliseconds:
            .perHour
        case .requests, .webSearches, .fileSearches, .codeSessions, .rerankSearches, .images, .pages: .perUse
        default: .perMillion
        }
    }
}
