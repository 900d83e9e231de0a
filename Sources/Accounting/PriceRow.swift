/// One row of a price book: what one provider asks for some models, from one moment on, under some conditions.
public struct PriceRow: Hashable, Sendable {
    /// Which model names a row is for. Names are compared in lower case (ASCII).
    public enum ModelMatch: Hashable, Sendable {
        /// The whole name.
        case exact(String)
        /// The beginning of the name.
        case prefix(String)
        /// The whole name, in which each `*` stands for any run of characters, the empty one included.
        case pattern(String)

        /// The name, the beginning or the pattern.
        public var text: String {
            switch self {
            case .exact(let text), .prefix(let text), .pattern(let text): text
            }
        }
    }

    /// A step in which the prices of a request with a long input change, for all its tokens.
    public struct ContextTier: Hashable, Sendable {
        /// The input tokens, cached and written ones included, at which the step is.
        public var threshold: Int64
        /// Whether an input of exactly the threshold is in this tier; else it must be larger.
        public var inclusive: Bool
        /// The prices that change; others stay those of the step below.
        public var prices: PriceTable

        /// A step.
        public init(above threshold: Int64, inclusive: Bool = false, prices: PriceTable) {
            self.threshold = threshold
            self.inclusive = inclusive
            self.prices = prices
        }

        /// The smallest input that is in this tier.
        package var lowest: Int64 { inclusive || threshold == .max ? threshold : threshold + 1 }
    }

    /// The provider's name, in lower case; `*` is for any provider that has no row of its own for the model.
    public var provider: String
    /// Which models the row is for.
    public var match: ModelMatch
    /// Further exact names of the same model.
    public var aliases: [String]
    /// From when on the row holds, in seconds since 1970 (UTC); 0 when it always did.
    public var effectiveFrom: Int64
    /// What must hold besides; a row with more conditions goes before one with fewer.
    public var conditions: PriceConditions
    /// The prices of a short input, or of any input when there is no tier.
    public var prices: PriceTable
    /// Steps for long inputs, by ascending threshold.
    public var tiers: [ContextTier]
    /// The least that is charged of a unit when any of it was used, in the unit's own counts.
    public var minimums: [UsageUnit: Int64]

    /// A row.
    public init(
        provider: String,
        match: ModelMatch,
        aliases: [String] = [],
        effectiveFrom: Int64 = 0,
        conditions: PriceConditions = PriceConditions(),
        prices: PriceTable,
        tiers: [ContextTier] = [],
        minimums: [UsageUnit: Int64] = [:]
    ) {
        self.provider = provider
        self.match = match
        self.aliases = aliases
        self.effectiveFrom = effectiveFrom
        self.conditions = conditions
        self.prices = prices
        self.tiers = tiers
        self.minimums = minimums
    }
}
