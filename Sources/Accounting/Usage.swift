/// What a provider said one request used, in normal form.
///
/// Counts are facts and are stored; money is derived from them by a ``PriceBook``.
public struct Usage: Equatable, Sendable {
    /// Where the counts came from. Raw values are stored in events: never renumber them.
    public enum Source: UInt8, Sendable, CaseIterable {
        /// Nothing was reported.
        case none = 0
        /// A plain response body.
        case body = 1
        /// A stream that reached its terminal event.
        case stream = 2
        /// A stream that ended early; the counts are a lower bound.
        case streamPartial = 3
        /// Response headers only.
        case header = 4

        /// The name in the JSON form.
        public var name: String {
            switch self {
            case .none: "none"
            case .body: "body"
            case .stream: "stream"
            case .streamPartial: "stream_partial"
            case .header: "header"
            }
        }
    }

    /// Work that the provider billed on another model within the same request.
    public struct Additional: Equatable, Sendable {
        /// The model that did the work; nil when it is the request's own.
        public var model: String?
        /// What it used.
        public var counts: UsageCounts

        /// Additional work of a model.
        public init(model: String?, counts: UsageCounts) {
            self.model = model
            self.counts = counts
        }
    }

    /// Where the counts came from.
    public var source: Source = .none
    /// True when the provider's final figure was seen; false when the counts are a lower bound or unknown.
    public var complete: Bool = false
    /// The disjoint lines.
    public var counts = UsageCounts()
    /// The total as the provider stated it.
    public var reportedTotal: Int64?
    /// The service tier that the provider says it billed, verbatim and at most 64 bytes.
    public var serviceTier: String?
    /// The speed class that the provider says it billed, such as Anthropic's `fast`.
    public var speed: String?
    /// The region or geography that the provider says it billed.
    public var region: String?
    /// The provider's own stated cost in picodollars.
    public var providerCost: Money?
    /// Work billed on another model.
    public var additional: [Additional] = []
    /// The provider's usage object as received (UTF-8 JSON, at most ``rawLimit`` bytes; empty when longer or absent).
    public var raw: [UInt8] = []

    /// The most bytes of a provider's usage object that are kept.
    public static let rawLimit = 4096

    /// A usage that reports nothing.
    public init() {}
}
