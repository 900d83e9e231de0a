extension RequestLine {
    /// Reads Google's `…/models/{model}:{verb}` paths.
    func readGoogle(_ route: inout Route) -> Bool {
        guard let last = segments.last, let colon = last.lastIndex(of: ":"), before(1) != "model" else { return false }
        let verb = last[last.index(after: colon)...]
        switch verb {
        case "generateContent", "generateAnswer": route.operation = .chat
        case "streamGenerateContent":
            route.operation = .chat
            route.stream = true
        case "embedContent", "batchEmbedContents": route.operation = .embedding
        case "asyncBatchEmbedContent", "batchGenerateContent": route.operation = .batch
        case "countTokens", "computeTokens": route.operation = .countTokens
        case "predict": route.operation = last.contains("embedding") || last.contains("gecko") ? .embedding : .image
        case "predictLongRunning": route.operation = .video
        case "fetchPredictOperation": route.operation = .poll
        case "rawPredict": route.operation = .chat
        case "streamRawPredict":
            route.operation = .chat
            route.stream = true
        default: return false
        }
        if route.stream == nil { route.stream = false }
        let model = last[..<colon]
        route.dialect = .gemini
        if verb.hasSuffix("awPredict") {
            route.dialect = segments.contains("anthropic") ? .anthropic : .openai
            if model.hasPrefix("count-tokens") { route.operation = .countTokens }
        }
        route.model = percentDecoded(model, limit: RequestFacts.modelLimit)
        return true
    }

    /// Reads Bedrock's `/model/{id}/{action}` paths; the id may be an ARN whose slashes are not encoded.
    func readBedrock(_ route: inout Route) -> Bool {
        guard let index = segments.lastIndex(of: "model"), index + 2 < segments.count, let last = segments.last else {
            return false
        }
        switch last {
        case "converse", "invoke": route.stream = false
        case "converse-stream", "invoke-with-response-stream": route.stream = true
        case "count-tokens":
            route.stream = false
            route.operation = .countTokens
        default: return false
        }
        if route.operation != .countTokens { route.operation = .chat }
        route.dialect = .bedrock
        let id = segments[(index + 1)..<(segments.count - 1)].joined(separator: "/")
        route.model = percentDecoded(id[...], limit: RequestFacts.modelLimit)
        if route.operation == .chat, last.hasPrefix("invoke"), let model = route.model {
            route.operation = Self.invoked(model)
        }
        return true
    }

    /// What a model of Bedrock's that is invoked by its own format does, by its name.
    private static func invoked(_ model: String) -> Operation {
        if model.contains("embed") { return .embedding }
        if model.contains("rerank") { return .rerank }
        let painters = ["titan-image", "nova-canvas", "stability.", "stable-diffusion"]
        return painters.contains { model.contains($0) } ? .image : .chat
    }
}
