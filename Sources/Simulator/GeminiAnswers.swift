extension Exchange {
    /// Generation, embeddings and token counts as the Gemini API answers them.
    func geminiAnswer(_ reply: Reply) -> Answer {
        let input = reply.figures.input
        let embedded =
            controls.usage
            ? ",\"usageMetadata\":{\"promptTokenCount\":\(input),"
                + "\"promptTokenDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":\(input)}]}" : ""
        switch endpoint {
        case .countTokens:
            return .plain(
                "{\"totalTokens\":\(input),\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":\(input)}]}"
            )
        case .embedOne: return .plain("{\"embedding\":\(vector(0))\(embedded)}")
        case .embedBatch:
            let count = min(max(1, body["requests"]?.array?.count ?? 1), 1000)
            let vectors = (0..<count).map { vector($0) }.joined(separator: ",")
            return .plain("{\"embeddings\":[\(vectors)]\(embedded)}")
        default: return stream ? generateStream(reply) : .plain(chunk(reply, text: reply.text, words: nil))
        }
    }

    private func vector(_ index: Int) -> String {
        let values = (0..<8).map { "\(Double($0 + index + 1) / 16)" }
        return "{\"values\":[\(values.joined(separator: ","))]}"
    }

    /// The metadata after `words` words of visible output; fields that are zero are left out.
    private func usageMetadata(_ figures: Figures, words: Int) -> String {
        let input = figures.input
        var text =
            "\"promptTokenCount\":\(input),\"promptTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":\(input)}]"
        if figures.cacheRead > 0 {
            text += ",\"cachedContentTokenCount\":\(figures.cacheRead),"
            text += "\"cacheTokensDetails\":[{\"modality\":\"TEXT\",\"tokenCount\":\(figures.cacheRead)}]"
        }
        if words > 0 { text += ",\"candidatesTokenCount\":\(words)" }
        if figures.reasoning > 0 { text += ",\"thoughtsTokenCount\":\(figures.reasoning)" }
        text += ",\"totalTokenCount\":\(input + words + figures.reasoning)"
        if let tier = controls.tier { text += ",\"serviceTier\":\(tier.json)" }
        return "{\(text)}"
    }

    /// One answer object; a stream's objects repeat the metadata with the count so far, `words` nil is the last.
    private func chunk(_ reply: Reply, text: String, words: Int?) -> String {
        let finish = words == nil ? ",\"finishReason\":\"\(reply.limited ? "MAX_TOKENS" : "STOP")\"" : ""
        let usage =
            controls.usage
            ? ",\"usageMetadata\":\(usageMetadata(reply.figures, words: words ?? reply.figures.text))" : ""
        return "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\(text.json)}],\"role\":\"model\"}\(finish),"
            + "\"index\":0}]\(usage),\"modelVersion\":\(model.json),\"responseId\":\"sim-\(serial)\"}"
    }

    private func generateStream(_ reply: Reply) -> Answer {
        var words = 0
        let last = reply.pieces.count - 1
        let chunks = reply.pieces.enumerated().map { index, piece in
            words += SampleText.count(piece)
            return chunk(reply, text: piece, words: index == last ? nil : words)
        }
        if eventStream { return .events(chunks.map { "data: \($0)\r\n\r\n" }) }
        var pieces = chunks.enumerated().map { index, chunk in (index == 0 ? "[" : ",\r\n") + chunk }
        pieces.append("]")
        return Answer(contentType: "application/json; charset=UTF-8", pieces: pieces, streamed: true)
    }
}
