extension Exchange {
    /// Messages, plain and streamed, and token counts as Anthropic answers them.
    func anthropicAnswer(_ reply: Reply) -> Answer {
        switch endpoint {
        case .countMessageTokens: .plain("{\"input_tokens\":\(reply.figures.input)}")
        default: stream ? messageStream(reply) : .plain(messageBody(reply))
        }
    }

    private var tier: String { (controls.tier ?? "standard").json }

    /// Input leaves both cache parts out; output includes the thinking.
    private func inputUsage(_ figures: Figures) -> String {
        "\"input_tokens\":\(figures.uncached),"
            + "\"cache_creation_input_tokens\":\(figures.cacheWrite + figures.cacheWrite1h),"
            + "\"cache_read_input_tokens\":\(figures.cacheRead)"
    }

    private func messageUsage(_ figures: Figures, output: Int) -> String {
        let search =
            figures.searches > 0
            ? "{\"web_search_requests\":\(figures.searches),\"web_fetch_requests\":0}" : "null"
        return "{\(inputUsage(figures)),\"cache_creation\":{\"ephemeral_5m_input_tokens\":\(figures.cacheWrite),"
            + "\"ephemeral_1h_input_tokens\":\(figures.cacheWrite1h)},\"output_tokens\":\(output),"
            + "\"server_tool_use\":\(search),\"service_tier\":\(tier)\(details(figures, output: output))}"
    }

    private func details(_ figures: Figures, output: Int) -> String {
        guard figures.reasoning > 0, output == figures.output else { return "" }
        return ",\"output_tokens_details\":{\"thinking_tokens\":\(figures.reasoning)}"
    }

    private var head: String {
        "\"id\":\"msg_sim_\(serial)\",\"type\":\"message\",\"role\":\"assistant\",\"model\":\(model.json)"
    }

    private func messageBody(_ reply: Reply) -> String {
        let thinking =
            reply.figures.reasoning > 0
            ? "{\"type\":\"thinking\",\"thinking\":\"Let me count.\",\"signature\":\"c2lt\"}," : ""
        let usage =
            controls.usage ? ",\"usage\":\(messageUsage(reply.figures, output: reply.figures.output))" : ""
        return "{\(head),\"content\":[\(thinking){\"type\":\"text\",\"text\":\(reply.text.json)}],"
            + "\"stop_reason\":\"\(reply.limited ? "max_tokens" : "end_turn")\",\"stop_sequence\":null\(usage)}"
    }

    private func messageStream(_ reply: Reply) -> Answer {
        var events: [String] = []
        func add(_ type: String, _ members: String = "") {
            events.append("event: \(type)\ndata: {\"type\":\"\(type)\"\(members)}\n\n")
        }
        let figures = reply.figures
        let started = controls.usage ? ",\"usage\":\(messageUsage(figures, output: 1))" : ""
        add(
            "message_start",
            ",\"message\":{\(head),\"content\":[],\"stop_reason\":null,\"stop_sequence\":null\(started)}"
        )
        var index = 0
        if figures.reasoning > 0 {
            add(
                "content_block_start",
                ",\"index\":0,\"content_block\":{\"type\":\"thinking\",\"thinking\":\"\",\"signature\":\"\"}"
            )
            add(
                "content_block_delta",
                ",\"index\":0,\"delta\":{\"type\":\"thinking_delta\",\"thinking\":\"Let me count.\"}"
            )
            add(
                "content_block_delta",
                ",\"index\":0,\"delta\":{\"type\":\"signature_delta\",\"signature\":\"c2lt\"}"
            )
            add("content_block_stop", ",\"index\":0")
            index = 1
        }
        add("content_block_start", ",\"index\":\(index),\"content_block\":{\"type\":\"text\",\"text\":\"\"}")
        add("ping")
        for piece in reply.pieces {
            add("content_block_delta", ",\"index\":\(index),\"delta\":{\"type\":\"text_delta\",\"text\":\(piece.json)}")
        }
        add("content_block_stop", ",\"index\":\(index)")
        let search =
            figures.searches > 0
            ? ",\"server_tool_use\":{\"web_search_requests\":\(figures.searches),\"web_fetch_requests\":0}" : ""
        let ended =
            controls.usage
            ? ",\"usage\":{\(inputUsage(figures)),\"output_tokens\":\(figures.output)\(search)"
                + "\(details(figures, output: figures.output))}" : ""
        add(
            "message_delta",
            ",\"delta\":{\"stop_reason\":\"\(reply.limited ? "max_tokens" : "end_turn")\",\"stop_sequence\":null}\(ended)"
        )
        add("message_stop")
        return .events(events)
    }
}
