extension Exchange {
    private func responseUsage(_ figures: Figures) -> String {
        guard controls.usage else { return "null" }
        return "{\"input_tokens\":\(figures.input),\"input_tokens_details\":{\"cached_tokens\":\(figures.cacheRead),"
            + "\"cache_write_tokens\":\(figures.cacheWrite)},\"output_tokens\":\(figures.output),"
            + "\"output_tokens_details\":{\"reasoning_tokens\":\(figures.reasoning)},"
            + "\"total_tokens\":\(figures.input + figures.output)}"
    }

    private func message(_ text: String, status: String) -> String {
        let content = status == "completed" ? "[\(part(text))]" : "[]"
        return "{\"id\":\"msg_sim_\(serial)\",\"type\":\"message\",\"status\":\"\(status)\",\"role\":\"assistant\","
            + "\"content\":\(content)}"
    }

    private func part(_ text: String) -> String {
        "{\"type\":\"output_text\",\"text\":\(text.json),\"annotations\":[],\"logprobs\":[]}"
    }

    /// The response object, finished or just begun.
    func responseBody(_ reply: Reply, done: Bool) -> String {
        let status = !done ? "in_progress" : reply.limited ? "incomplete" : "completed"
        let details = done && reply.limited ? "{\"reason\":\"max_output_tokens\"}" : "null"
        let output = done ? message(reply.text, status: "completed") : ""
        return "{\"id\":\"resp_sim_\(serial)\",\"object\":\"response\",\"created_at\":1764000000,"
            + "\"status\":\"\(status)\",\"background\":false,\"error\":null,\"incomplete_details\":\(details),"
            + "\"instructions\":null,\"max_output_tokens\":\(outputLimit.map { "\($0)" } ?? "null"),"
            + "\"model\":\(model.json),\"output\":[\(output)],\"parallel_tool_calls\":true,"
            + "\"previous_response_id\":null,\"reasoning\":{\"effort\":null,\"summary\":null},"
            + "\"service_tier\":\((controls.tier ?? "default").json),\"store\":false,\"temperature\":1.0,"
            + "\"text\":{\"format\":{\"type\":\"text\"}},\"tool_choice\":\"auto\",\"tools\":[],\"top_p\":1.0,"
            + "\"truncation\":\"disabled\",\"usage\":\(done ? responseUsage(reply.figures) : "null"),\"user\":null,"
            + "\"metadata\":{}}"
    }

    /// The named events of a Responses stream; usage is in the terminal one only.
    func responseStream(_ reply: Reply) -> Answer {
        var events: [String] = []
        func add(_ type: String, _ members: String) {
            events.append(
                "event: \(type)\ndata: {\"type\":\"\(type)\",\"sequence_number\":\(events.count),\(members)}\n\n"
            )
        }
        let place = "\"item_id\":\"msg_sim_\(serial)\",\"output_index\":0,\"content_index\":0"
        let begun = responseBody(reply, done: false)
        add("response.created", "\"response\":\(begun)")
        add("response.in_progress", "\"response\":\(begun)")
        add("response.output_item.added", "\"output_index\":0,\"item\":\(message("", status: "in_progress"))")
        add("response.content_part.added", "\(place),\"part\":\(part(""))")
        for piece in reply.pieces {
            add("response.output_text.delta", "\(place),\"delta\":\(piece.json),\"logprobs\":[]")
        }
        add("response.output_text.done", "\(place),\"text\":\(reply.text.json),\"logprobs\":[]")
        add("response.content_part.done", "\(place),\"part\":\(part(reply.text))")
        add("response.output_item.done", "\"output_index\":0,\"item\":\(message(reply.text, status: "completed"))")
        add(
            reply.limited ? "response.incomplete" : "response.completed",
            "\"response\":\(responseBody(reply, done: true))"
        )
        return .events(events)
    }
}
