/// One request as the simulator understands it.
struct Exchange {
    /// Whose shapes the answer has.
    enum Dialect { case openai, anthropic, gemini }

    /// What is asked for.
    enum Endpoint {
        case chat, completion, response, embedding, models, model
        case message, countMessageTokens
        case generate, embedOne, embedBatch, countTokens

        /// Answers with text.
        var generates: Bool {
            switch self {
            case .chat, .completion, .response, .message, .generate: true
            default: false
            }
        }

        /// Costs nothing.
        var isFree: Bool {
            switch self {
            case .models, .model, .countMessageTokens, .countTokens: true
            default: false
            }
        }
    }

    let dialect: Dialect
    let endpoint: Endpoint
    /// The model without its control suffix.
    let model: String
    let controls: Controls
    /// The body; `null` when there is none.
    let body: JSON
    let stream: Bool
    /// Gemini: a stream of server-sent events instead of one array.
    let eventStream: Bool
    let promptWords: Int
    /// A number of this provider's own, for ids.
    let serial: Int

    /// The exchange of a request; nil when the path is none that the simulator knows.
    init?(method: String, path: Substring, query: Substring, control: String?, body: [UInt8], serial: Int) {
        guard let (dialect, endpoint, pathModel) = Self.route(method: method, path: path) else { return nil }
        let json = JSON(parsing: body) ?? .null
        let model = pathModel ?? json["model"]?.string ?? "sim"
        self.dialect = dialect
        self.endpoint = endpoint
        self.model = Controls.split(model).name
        controls = Controls(model: model, header: control)
        self.body = json
        self.serial = serial
        if dialect == .gemini {
            stream = path.hasSuffix(":streamGenerateContent")
            eventStream = query.split(separator: "&").contains("alt=sse")
        } else {
            stream = json["stream"]?.bool ?? false
            eventStream = true
        }
        let prompt = [
            "messages", "input", "prompt", "instructions", "system", "contents", "content", "systemInstruction",
            "requests", "generateContentRequest",
        ]
        promptWords = prompt.reduce(0) { $0 + SampleText.count(json[$1]) }
    }

    /// The most tokens of visible output that the request allows.
    var outputLimit: Int? {
        let limit =
            body["max_completion_tokens"]?.integer ?? body["max_output_tokens"]?.integer ?? body["max_tokens"]?.integer
            ?? body["generationConfig"]?["maxOutputTokens"]?.integer
        return limit.map { max(1, $0) }
    }

    /// An OpenAI chat stream reports its usage only when it is asked to.
    var asksUsage: Bool { body["stream_options"]?["include_usage"]?.bool ?? false }

    private static func route(method: String, path: Substring) -> (Dialect, Endpoint, String?)? {
        if path.hasSuffix("/chat/completions") { return (.openai, .chat, nil) }
        if path.hasSuffix("/completions") { return (.openai, .completion, nil) }
        if path.hasSuffix("/responses") { return (.openai, .response, nil) }
        if path.hasSuffix("/embeddings") { return (.openai, .embedding, nil) }
        if path.hasSuffix("/messages/count_tokens") { return (.anthropic, .countMessageTokens, nil) }
        if path.hasSuffix("/messages") { return (.anthropic, .message, nil) }
        if path.hasSuffix("/models"), method == "GET" { return (.openai, .models, nil) }
        guard let range = path.firstRange(of: "/models/") else { return nil }
        let rest = path[range.upperBound...]
        guard let colon = rest.lastIndex(of: ":") else {
            return method == "GET" ? (.openai, .model, percentDecoded(rest)) : nil
        }
        let model = percentDecoded(rest[..<colon])
        switch rest[rest.index(after: colon)...] {
        case "generateContent", "streamGenerateContent": return (.gemini, .generate, model)
        case "embedContent": return (.gemini, .embedOne, model)
        case "batchEmbedContents": return (.gemini, .embedBatch, model)
        case "countTokens": return (.gemini, .countTokens, model)
        default: return nil
        }
    }

    /// The dialect that an unknown path or a refusal answers in.
    static func dialect(of path: Substring) -> Dialect {
        if path.contains("/messages") { return .anthropic }
        return path.contains("/v1beta") || path.contains(":") ? .gemini : .openai
    }
}
