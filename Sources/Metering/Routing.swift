extension Route {
    /// Reads a request line.
    ///
    /// Paths are judged by their last segments, because hosts, prefixes and doubled slashes vary between proxies.
    /// - Parameters:
    ///   - path: the path without its query, still percent-encoded.
    ///   - hint: the dialect configured for the group, used where the path alone is ambiguous.
    public init(method: String, path: String, query: String?, hint: Dialect) {
        self.init()
        dialect = hint
        let path = NormalPath.text(path)
        func read(_ path: String) -> Route {
            var route = Route()
            route.dialect = hint
            let segments = NormalPath.segments(path)
            RequestLine(method: method, segments: segments, query: query ?? "", hint: hint).read(into: &route)
            return route
        }
        self = read(path)
        guard operation == .other || operation == .management, path.contains("%2F") else { return }
        // Servers that split behind decoding see another path; it counts where something is metered there.
        let split = read(path.replacing("%2F", with: "/"))
        if split.operation != .other, split.operation != .management { self = split }
    }
}

/// A request line taken apart for routing.
struct RequestLine {
    let method: String
    let segments: [Substring]
    let query: String
    let hint: Dialect

    private var last: Substring { segments.last ?? "" }
    private var isPost: Bool { method == "POST" || method == "PUT" }

    /// The segment `offset` places before the last; empty when there is none.
    func before(_ offset: Int) -> Substring {
        segments.count > offset ? segments[segments.count - 1 - offset] : ""
    }

    func read(into route: inout Route) {
        if readGoogle(&route) || readBedrock(&route) { return }
        guard isPost else {
            readWithoutBody(&route)
            return
        }
        if readOpenAI(&route) || readAnthropic(&route) || readOthers(&route) {
            route.isStored = route.operation == .response || last == "interactions" || segments.contains("runs")
            readDeployment(&route)
            return
        }
        readManagement(&route)
    }

    private func readWithoutBody(_ route: inout Route) {
        if last == "realtime" || last == "responses", method == "GET" {
            // Only a websocket is opened by GET on the bare collection.
            route.operation = .realtime
            route.dialect = .openai
            route.stream = true
            route.model = queryValue("model") ?? queryValue("deployment")
            return
        }
        if last.hasSuffix("BidiGenerateContent") || last.hasSuffix("BidiGenerateContentConstrained") {
            route.operation = .realtime
            route.dialect = .gemini
            route.stream = true
            return
        }
        if segments.contains("batches") {
            route.operation = .batch
            return
        }
        let resources: Set<Substring> = [
            "responses", "completions", "runs", "interactions", "videos", "operations", "deferred-completion",
        ]
        let holder = segments.dropLast().last ?? ""
        if resources.contains(holder) || resources.contains(before(2)) || last == "completions" || last == "runs"
            || last == "interactions"
        {
            route.operation = .poll
            if holder == "interactions" || last == "interactions" { route.dialect = .gemini }
            return
        }
        route.operation = .management
    }

    private func readOpenAI(_ route: inout Route) -> Bool {
        func take(_ operation: Operation, usageOnRequest: Bool = false) -> Bool {
            route.operation = operation
            route.dialect = .openai
            route.inspectsBody = true
            route.usageOnRequest = usageOnRequest
            return true
        }
        let previous = before(1)
        switch last {
        case "completions":
            let operation: Operation = previous == "chat" ? .chat : .completion
            return take(operation, usageOnRequest: acceptsStreamOptions)
        case "responses": return take(.response)
        case "compact" where previous == "responses": return take(.response)
        case "input_tokens" where previous == "responses": return take(.countTokens)
        case "cancel" where before(2) == "responses" || before(2) == "runs": return take(.poll)
        case "embeddings" where previous == "api": return false
        case "embeddings", "multimodalembeddings", "contextualizedembeddings": return take(.embedding)
        case "moderations": return take(.moderation)
        case "generations" where previous == "images", "edits" where previous == "images",
            "variations" where previous == "images":
            return take(.image)
        case "transcriptions", "translations": return take(.transcription)
        case "speech" where previous == "audio": return take(.speech)
        case "ocr": return take(.ocr)
        case "rerank", "reranking", "ranking": return take(.rerank)
        case "videos": return take(.video)
        case "runs" where segments.contains("threads"), "submit_tool_outputs": return take(.chat)
        case "chatcompletion_v2", "invocations", "inference:complete": return take(.chat)
        default: return false
        }
    }

    /// Azure's classic API knows `stream_options` only from a version on and refuses unknown members before.
    private var acceptsStreamOptions: Bool {
        guard segments.contains("deployments") else { return true }
        return queryValue("api-version").map { $0 >= "2024-09" } ?? false
    }

    /// The decoded value of a query parameter; nil when it is absent, empty or longer than a model's name.
    private func queryValue(_ name: String) -> String? {
        for item in query.split(separator: "&") where item.hasPrefix(name) {
            let rest = item.dropFirst(name.count)
            if rest.first == "=" { return percentDecoded(rest.dropFirst(), limit: RequestFacts.modelLimit) }
        }
        return nil
    }

    private func readAnthropic(_ route: inout Route) -> Bool {
        let previous = before(1)
        switch last {
        case "messages" where before(2) != "threads": route.operation = .chat
        case "count_tokens" where previous == "messages": route.operation = .countTokens
        case "batches" where previous == "messages": route.operation = .batch
        case "complete": route.operation = .completion
        default: return false
        }
        route.dialect = .anthropic
        route.inspectsBody = true
        return true
    }

    private func readOthers(_ route: inout Route) -> Bool {
        func take(_ operation: Operation, _ dialect: Dialect) -> Bool {
            route.operation = operation
            route.dialect = dialect
            route.inspectsBody = true
            return true
        }
        let previous = before(1)
        if previous == "api" {
            switch last {
            case "chat": return take(.chat, .ollama)
            case "generate": return take(.completion, .ollama)
            case "embed", "embeddings": return take(.embedding, .ollama)
            default: break
            }
        }
        switch last {
        case "interactions": return take(.chat, .gemini)
        case "chat" where previous == "v2": return take(.chat, .cohere)
        case "chat" where previous == "text": return take(.chat, hint)
        // Cohere v1 and Writer share this path; the shape of the answer tells them apart.
        case "chat": return take(.chat, hint)
        case "chat_stream", "generation", "generation_stream": return take(.chat, hint)
        case "generate", "generate_stream": return take(.completion, hint == .auto ? .cohere : hint)
        case "embed": return take(.embedding, hint == .auto ? .cohere : hint)
        default: break
        }
        if segments.contains("aigc") { return take(.chat, hint) }
        guard segments.contains("services") else { return false }
        if segments.contains("embeddings") { return take(.embedding, hint) }
        return segments.contains("rerank") ? take(.rerank, hint) : false
    }

    private func readManagement(_ route: inout Route) {
        if last == "cancel", before(2) == "interactions" { route.operation = .poll }
        if segments.contains("batches") { route.operation = .batch }
        // Mistral's conversations are answers; OpenAI's say nothing of usage.
        if let index = segments.lastIndex(of: "conversations"), index + 2 >= segments.count {
            route.inspectsBody = true
            return
        }
        let resources: Set<Substring> = [
            "files", "models", "threads", "assistants", "vector_stores", "cachedContents", "uploads", "fine_tuning",
            "client_secrets", "sessions", "calls", "conversations", "containers", "tokenize", "detokenize",
        ]
        if route.operation == .other, segments.contains(where: resources.contains) { route.operation = .management }
        // `/v1/chat/completions/{id}` changes the metadata of a stored answer.
        if route.operation == .other, before(1) == "completions" { route.operation = .poll }
        if route.operation == .other { route.inspectsBody = true }
    }

    private func readDeployment(_ route: inout Route) {
        // Azure's deployments, Databricks' serving endpoints; the latter also have an OpenAI-style path of their own.
        let holder: Substring = last == "invocations" ? "serving-endpoints" : "deployments"
        guard let index = segments.lastIndex(of: holder), index + 1 < segments.count - 1 else { return }
        route.model = percentDecoded(segments[index + 1], limit: RequestFacts.modelLimit)
    }
}

/// Percent-decodes a path segment; nil when it is empty or longer than `limit` bytes.
func percentDecoded(_ segment: Substring, limit: Int) -> String? {
    let bytes = Array(segment.utf8)
    var result: [UInt8] = []
    var index = 0
    while index < bytes.count {
        if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count,
            let high = Ascii.hex(bytes[index + 1]), let low = Ascii.hex(bytes[index + 2])
        {
            result.append(high << 4 | low)
            index += 3
        } else {
            result.append(bytes[index])
            index += 1
        }
    }
    return result.isEmpty || result.count > limit ? nil : String(decoding: result, as: UTF8.self)
}
