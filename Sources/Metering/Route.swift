/// What the request line alone says about a request.
public struct Route: Equatable, Sendable {
    /// The operation that the path names.
    public var operation: Operation = .other
    /// The dialect of the request and, unless the answer's own shape says otherwise, of the answer.
    public var dialect: Dialect = .auto
    /// The model in the path (Gemini, Vertex, Bedrock, Azure deployments), percent-decoded; nil when the body has it.
    public var model: String?
    /// True or false when the path decides about streaming, nil when the body does.
    public var stream: Bool?
    /// True when a JSON body says the model or whether to stream, so that the body must be looked into.
    public var inspectsBody: Bool = false
    /// True when OpenAI-style `stream_options.include_usage` must be asked for to get usage from a stream.
    public var usageOnRequest: Bool = false

    /// True when the provider keeps the answer for reading it again, unless the request says otherwise.
    public var isStored: Bool = false

    /// A route about which nothing is known.
    public init() {}
}
