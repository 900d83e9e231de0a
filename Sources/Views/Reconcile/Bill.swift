public import Accounting

/// What a provider says was used and what it cost, by day and model.
public struct Bill: Equatable, Sendable {
    /// Where the table came from.
    public enum Form: String, Sendable {
        /// The usage export of OpenAI's console.
        case openAIUsage = "openai-usage"
        /// The cost export of OpenAI's console.
        case openAICost = "openai-cost"
        /// The usage export of Anthropic's console.
        case anthropicUsage = "anthropic-usage"
        /// The cost export of Anthropic's console.
        case anthropicCost = "anthropic-cost"
        /// A table with columns of the names that ``BillReader`` documents.
        case plain

        /// The provider whose requests the bill is about, by its name in the price book; nil when it does not say.
        public var provider: String? {
            switch self {
            case .openAIUsage, .openAICost: "openai"
            case .anthropicUsage, .anthropicCost: "anthropic"
            case .plain: nil
            }
        }
    }

    /// A thing that is counted.
    public enum Figure: String, CaseIterable, Sendable {
        case requests
        /// Input tokens, cached and written ones included.
        case input
        case cacheRead = "cache_read"
        case cacheWrite = "cache_write"
        /// Output tokens, reasoning included.
        case output
        /// Money in picodollars.
        case cost = "cost_usd"
    }

    /// A day and a model.
    public struct Key: Hashable, Comparable, Sendable {
        /// The day, counted from 1970-01-01 (UTC).
        public var day: Int64
        /// The model's plain name; empty when the bill does not tell models apart.
        public var model: String

        /// The key of a day and a model.
        public init(day: Int64, model: String) {
            self.day = day
            self.model = model
        }

        /// Orders by day, then by model.
        public static func < (lhs: Key, rhs: Key) -> Bool { (lhs.day, lhs.model) < (rhs.day, rhs.model) }
    }

    /// Where the table came from.
    public var form: Form
    /// The figures that the bill states.
    public var figures: [Figure]
    /// False when no row names a model, so that days are compared as a whole.
    public var hasModels: Bool
    /// The sums by day and model.
    public var lines: [Key: Figures]

    /// The days that the bill covers, the end not included; nil for an empty bill.
    public var days: Range<Int64>? {
        guard let first = lines.keys.map(\.day).min(), let last = lines.keys.map(\.day).max() else { return nil }
        return first..<(last + 1)
    }

    /// Drops the days that are not in a range.
    public mutating func limit(to days: Range<Int64>) { lines = lines.filter { days.contains($0.key.day) } }
}

extension Bill {
    /// Sums by figure; money is in picodollars.
    public struct Figures: Equatable, Sendable {
        private var values = [Int128](repeating: 0, count: Figure.allCases.count)
        /// How much the money may be off because the bill states it in whole cents.
        public var rounding = MoneyTotal()

        /// Nothing.
        public init() {}

        /// The sum of a figure.
        public subscript(_ figure: Figure) -> Int128 {
            get { values[Self.place(figure)] }
            set { values[Self.place(figure)] = newValue }
        }

        /// Adds other sums.
        public static func += (sums: inout Figures, other: Figures) {
            for place in sums.values.indices { sums.values[place] &+= other.values[place] }
            sums.rounding += other.rounding
        }

        private static func place(_ figure: Figure) -> Int {
            switch figure {
            case .requests: 0
            case .input: 1
            case .cacheRead: 2
            case .cacheWrite: 3
            case .output: 4
            case .cost: 5
            }
        }
    }

    /// The name under which a model is compared: in lower case and without dates and the decorations of clouds.
    ///
    /// Names for people, as Anthropic's cost export has them, become those of the API: `Claude Sonnet 4.5`,
    /// `claude-sonnet-4-5-20250929` and `us.anthropic.claude-sonnet-4-5-20250929-v1:0` are `claude-sonnet-4-5`.
    public static func plainName(_ name: String) -> String {
        let words = name.split(whereSeparator: \.isWhitespace).joined(separator: "-")
        let plain = ModelName.plain(words)
        guard plain.hasPrefix("claude-") else { return plain }
        // Older models have the version before the family, and people read a point for the dash.
        let parts = plain.split { $0 == "-" || $0 == "." }
        let isVersion: (Substring) -> Bool = { $0.count < 3 && $0.allSatisfy { ("0"..."9").contains($0) } }
        var version = parts.filter(isVersion)
        if version.count > 1, version.last == "0" { version.removeLast() }
        return (parts.filter { !isVersion($0) } + version).joined(separator: "-")
    }
}
