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

    /// The name of the unit's price in a price book: `input`, `cache_read_audio`, `web_search`, `audio_input_hour`, ...
    public var priceKey: String {
        switch self {
        case .inputText: "input"
        case .inputAudio: "input_audio"
        case .inputImage: "input_image"
        case .inputVideo: "input_video"
        case .inputTool: "input_tool"
        case .outputText: "output"
        case .outputAudio: "output_audio"
        case .outputImage: "output_image"
        case .outputVideo: "output_video"
        case .cacheReadText, .cacheReadAudio, .cacheReadImage, .cacheReadVideo: name
        case .cacheWrite5m, .cacheWrite1h, .cacheWriteOther: name
        case .outputReasoning, .outputCitation, .characters: name
        case .requests: "request"
        case .webSearches: "web_search"
        case .fileSearches: "file_search"
        case .codeSessions: "code_session"
        case .rerankSearches: "rerank_search"
        case .images: "image"
        case .pages: "page"
        case .audioInputMilliseconds: "audio_input_hour"
        case .audioOutputMilliseconds: "audio_output_hour"
        case .sessionMilliseconds: "session_hour"
        case .videoOutputMilliseconds: "video_output_hour"
        }
    }

    /// The name of the unit's count where a minimum is set.
    package var minimumKey: String { name == priceKey || priceQuantity == .perHour ? name : priceKey }

    /// The unit with a name in a price book; `cache_write` is short for `cache_write_5m`.
    public init?(priceKey: some StringProtocol) {
        let key = priceKey == "cache_write" ? "cache_write_5m" : String(priceKey)
        guard let unit = UsageUnit.allCases.first(where: { $0.priceKey == key && $0 != .inputTool }) else { return nil }
        self = unit
    }

    /// Where the unit's price is looked for: its own, then that of the wider units that stand in for it.
    ///
    /// The most specific price wins and its parent takes the rest, so that a missing cache price is never zero but
    /// the full price of the input.
    public var priceChain: [UsageUnit] {
        switch self {
        case .inputText: [.inputText]
        case .inputAudio, .inputImage, .inputVideo: [self, .inputText]
        case .cacheReadText: [.cacheReadText, .inputText]
        case .cacheReadAudio: [.cacheReadAudio, .cacheReadText, .inputAudio, .inputText]
        case .cacheReadImage: [.cacheReadImage, .cacheReadText, .inputImage, .inputText]
        case .cacheReadVideo: [.cacheReadVideo, .cacheReadText, .inputVideo, .inputText]
        case .cacheWrite5m: [.cacheWrite5m, .cacheWriteOther, .inputText]
        case .cacheWrite1h: [.cacheWrite1h, .cacheWrite5m, .cacheWriteOther, .inputText]
        case .cacheWriteOther: [.cacheWriteOther, .cacheWrite5m, .inputText]
        case .outputText: [.outputText]
        case .outputAudio, .outputImage, .outputVideo, .outputReasoning, .outputCitation: [self, .outputText]
        case .inputTool: []
        default: [self]
        }
    }
}

/// Sets of units, as masks of the raw values, that decide whether a line without a price leaves a cost unknown.
enum UnitSet {
    /// Tokens in and out.
    static let tokens: UInt32 = UsageUnit.allCases.reduce(0) { $1.side == .other ? $0 : $0 | bit($1) }
    /// Charged beside the tokens: without a price the cost is unknown.
    static let fees = bit(.webSearches) | bit(.fileSearches) | bit(.codeSessions)
    /// Other measures of work that may be counted beside the one that is charged.
    static let measures: UInt32 = UsageUnit.allCases.reduce(0) {
        $1.side != .other || $1 == .inputTool || fees & bit($1) != 0 ? $0 : $0 | bit($1)
    }

    // Written out, because they are asked for every count of every event; a test holds them against the units.

    /// The input, cached and written included.
    static let input: UInt32 = 0b111_1111_1111
    /// Priced for each use.
    static let uses: UInt32 = 0b111_1111 << 18
    /// Priced by the hour.
    static let hours: UInt32 = 0b1_0111 << 25

    static func bit(_ unit: UsageUnit) -> UInt32 { 1 << UInt32(unit.rawValue) }

    /// How the price of the unit with a bit is quoted.
    @inline(__always)
    static func quantity(_ bit: UInt32) -> UsageUnit.PriceQuantity {
        if bit & (uses | hours) == 0 { return .perMillion }
        return bit & uses != 0 ? .perUse : .perHour
    }
}
