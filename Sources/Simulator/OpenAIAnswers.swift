extension Exchange {
    /// Chat, legacy completions, Responses, embeddings and models as OpenAI answers them.
    func openAIAnswer(_ reply: Reply) -> Answer {
        switch endpoint {
        case .chat: stream ? chatStream(reply) : .plain(chatBody(reply))
        case .completion: stream ? completionStream(reply) : .plain(completionBody(reply))
        case .response: stream ? responseStream(reply) : .plain(responseBody(reply, done: true))
        case .embedding: .plain(embeddingBody(reply))
        case .models: .plain("{\"object\":\"list\",\"data\":[\(modelObject("sim-large")),\(modelObject("sim-small"))]}")
        default: .plain(modelObject(model))
        }
    }

    private var tier: String { controls.tier ?? "default" }

    private func chatUsage(_ figures: Figures) -> String {
        guard controls.usage else { return "null" }
        return "{\"prompt_tokens\":\(figures.input),\"completion_tokens\":\(figures.output),"
            + "\"total_tokens\":\(figures.input + figures.output),"
            + "\"prompt_tokens_details\":{\"cached_tokens\":\(figures.cacheRead),"
            + "\"cache_write_tokens\":\(figures.cacheWrite),\"audio_tokens\":0},"
            + "\"completion_tokens_details\":{\"reasoning_tokens\":\(figures.reasoning),\"audio_tokens\":0,"
            + "\"accepted_prediction_tokens\":0,\"rejected_prediction_tokens\":0}}"
    }

    private func head(_ kind: String, object: String) -> String {
        "{\"id\":\"\(kind)-sim-\(serial)\",\"object\":\"\(object)\",\"created\":1764000000,\"model\":\(model.json),"
            + "\"service_tier\":\(tier.json),\"system_fingerprint\":\"fp_sim\""
    }

    private func chatBody(_ reply: Reply) -> String {
        head("chatcmpl", object: "chat.completion")
            + ",\"choices\":[{\"index\":0,\"message\":{\"role\":\"assistant\",\"content\":\(reply.text.json),"
            + "\"refusal\":null,\"annotations\":[]},\"logprobs\":null,"
            + "\"finish_reason\":\"\(reply.limited ? "length" : "stop")\"}],\"usage\":\(chatUsage(reply.figures))}"
    }

    /// `usage` is on every chunk as `null` and on a last one without choices, but only when it was asked for.
    private func chatStream(_ reply: Reply) -> Answer {
        let usage = asksUsage && controls.usage
        let head = head("chatcmpl", object: "chat.completion.chunk")
        func event(_ delta: String, finish: String = "null") -> String {
            "data: \(head),\"choices\":[{\"index\":0,\"delta\":{\(delta)},\"logprobs\":null,\"finish_reason\":\(finish)}]"
                + (usage ? ",\"usage\":null" : "") + "}\n\n"
        }
        var events = [event("\"role\":\"assistant\",\"content\":\"\",\"refusal\":null")]
        events += reply.pieces.map { event("\"content\":\($0.json)") }
        events.append(event("", finish: reply.limited ? "\"length\"" : "\"stop\""))
        if usage { events.append("data: \(head),\"choices\":[],\"usage\":\(chatUsage(reply.figures))}\n\n") }
        events.append("data: [DONE]\n\n")
        return .events(events)
    }

    private func completionBody(_ reply: Reply) -> String {
        head("cmpl", object: "text_completion")
            + ",\"choices\":[{\"text\":\(reply.text.json),\"index\":0,\"logprobs\":null,"
            + "\"finish_reason\":\"\(reply.limited ? "length" : "stop")\"}],\"usage\":\(chatUsage(reply.figures))}"
    }

    private func completionStream(_ reply: Reply) -> Answer {
        let usage = asksUsage && controls.usage
        let head = head("cmpl", object: "text_completion")
        func event(_ text: String, finish: String = "null") -> String {
            "data: \(head),\"choices\":[{\"text\":\(text.json),\"index\":0,\"logprobs\":null,\"finish_reason\":\(finish)}]"
                + (usage ? ",\"usage\":null" : "") + "}\n\n"
        }
        var events = reply.pieces.map { event($0) }
        events.append(event("", finish: reply.limited ? "\"length\"" : "\"stop\""))
        if usage { events.append("data: \(head),\"choices\":[],\"usage\":\(chatUsage(reply.figures))}\n\n") }
        events.append("data: [DONE]\n\n")
        return .events(events)
    }

    /// One vector of eight numbers for each input, as base64 of little-endian floats when the client asks for it.
    private func embeddingBody(_ reply: Reply) -> String {
        let inputs: Int =
            switch body["input"] {
            case .array(let values)?:
                // An array of numbers is one text given as tokens.
                if case .number? = values.first { 1 } else { min(values.count, 2048) }
            default: 1
            }
        let dimensions = min(max(1, body["dimensions"]?.integer ?? 8), 4096)
        let data = (0..<inputs).map { index in
            let vector = (0..<dimensions).map { Float($0 + index + 1) / 16 }
            let embedding =
                if body["encoding_format"]?.string == "base64" {
                    base64(
                        vector.flatMap { value in
                            (0..<4).map { UInt8(truncatingIfNeeded: value.bitPattern >> ($0 * 8)) }
                        }
                    )
                    .json
                } else {
                    "[" + vector.map { "\($0)" }.joined(separator: ",") + "]"
                }
            return "{\"object\":\"embedding\",\"index\":\(index),\"embedding\":\(embedding)}"
        }
        let input = reply.figures.input
        let usage = controls.usage ? ",\"usage\":{\"prompt_tokens\":\(input),\"total_tokens\":\(input)}" : ""
        return "{\"object\":\"list\",\"data\":[\(data.joined(separator: ","))],\"model\":\(model.json)\(usage)}"
    }

    private func modelObject(_ name: String) -> String {
        "{\"id\":\(name.json),\"object\":\"model\",\"created\":1764000000,\"owned_by\":\"simulator\"}"
    }
}
