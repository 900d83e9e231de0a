/// The circumstances of a request that select its price, beside what it used.
public struct PriceQuery: Equatable, Sendable {
    /// The provider's name in the price book: `openai`, `anthropic`, `google`, ...
    public var provider: String
    /// The model that the provider says it served; decides when present.
    public var modelReported: String?
    /// The model that was asked of the provider; the fallback.
    public var modelSent: String?
    /// When the request started, in microseconds since 1970 (UTC).
    public var time: Int64
    /// The group that the request came through, for multipliers.
    public var group: String
    /// The client that the request came from, for multipliers; empty when anonymous.
    public var client: String

    /// A query.
    public init(
        provider: String,
        modelReported: String?,
        modelSent: String?,
        time: Int64,
        group: String = "",
        client: String = ""
    ) {
        self.provider = provider
        self.modelReported = modelReported
        self.modelSent = modelSent
        self.time = time
        self.group = group
        self.client = client
    }
}
