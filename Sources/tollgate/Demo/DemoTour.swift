import Admin

/// Sends some traffic through a gateway and shows what came of it.
struct DemoTour: Sendable {
    static let key = "tg-demo-key-0123456789"

    var port: Int
    var adminPort: Int
    var folder: String

    private struct Call: Sendable {
        var path: String
        var headers: [(String, String)]
        var body: String
    }

    private static let calls: [Call] = [
        Call(
            path: "/proxy/openai/v1/chat/completions",
            headers: [("authorization", "Bearer \(key)")],
            body: #"{"model":"gpt-4o","messages":[{"role":"user","content":"What does a toll gate do?"}]}"#
        ),
        Call(
            path: "/proxy/openai/v1/chat/completions",
            headers: [("authorization", "Bearer \(key)")],
            body: #"{"model":"gpt-4o-mini","stream":true,"messages":[{"role":"user","content":"Count to ten."}]}"#
        ),
        Call(
            path: "/proxy/openai/v1/responses",
            headers: [("authorization", "Bearer \(key)")],
            body: #"{"model":"gpt-4.1","stream":true,"input":"Name three rivers."}"#
        ),
        Call(
            path: "/proxy/anthropic/v1/messages",
            headers: [("x-api-key", key), ("anthropic-version", "2023-06-01")],
            body: #"{"model":"claude-sonnet-4-5","max_tokens":99,"messages":[{"role":"user","content":"Hello"}]}"#
        ),
        Call(
            path: "/proxy/anthropic/v1/messages",
            headers: [("x-api-key", key), ("anthropic-version", "2023-06-01")],
            body:
                #"{"model":"claude-haiku-4-5","max_tokens":99,"stream":true,"messages":[{"role":"user","content":"Hi"}]}"#
        ),
        Call(
            path: "/proxy/gemini/v1beta/models/gemini-2.5-flash:generateContent",
            headers: [("x-goog-api-key", key)],
            body: #"{"contents":[{"parts":[{"text":"Hello there"}]}]}"#
        ),
        Call(
            path: "/proxy/gemini/v1beta/models/gemini-2.5-pro:streamGenerateContent?alt=sse",
            headers: [("x-goog-api-key", key)],
            body: #"{"contents":[{"parts":[{"text":"Tell me more"}]}]}"#
        ),
    ]

    /// Sends every call a few times and shows the figures.
    func run(_ once: Bool) async throws {
        let client = HTTPCaller(host: "127.0.0.1", port: port)
        Words.say("Sending traffic through the gateway on port \(port) ...")
        for round in 1...3 {
            for call in Self.calls {
                let answer = try await client.post(call.path, headers: call.headers, body: Array(call.body.utf8))
                if round == 1 { Words.say("  \(answer.status)  \(answer.bytes) bytes  \(call.path)") }
            }
        }
        let relay = Relay(transport: ManagementClient(socket: SocketFile(directory: folder)))
        try Output.line("\n== tollgate report --by model\n")
        try await relay.print(ManagementRequest(path: "/api/report", query: ["by": ["model"], "format": ["table"]]))
        try Output.line("\n== /metrics (some lines)\n")
        let metrics = String(decoding: try await relay.collect(ManagementRequest(path: "/metrics")), as: UTF8.self)
        let wanted = ["tollgate_tokens_total{", "tollgate_cost_usd_total{", "gpt_load_tokens_total{"]
        for prefix in wanted {
            for line in metrics.split(separator: "\n").filter({ $0.hasPrefix(prefix) }).prefix(3) {
                try Output.line(String(line))
            }
        }
        try Output.line("\n== tollgate tail -n 2\n")
        let head = try await relay.head()
        let from = String(head > 2 ? head - 1 : 1)
        try await relay.print(ManagementRequest(path: "/api/events", query: ["from": [from]]))
        try Output.line("\n== Try it yourself\n")
        try Output.line(Self.hints(port: port, adminPort: adminPort, folder: folder))
        if !once { Words.say("Running until Ctrl-C.") }
    }

    private static func hints(port: Int, adminPort: Int, folder: String) -> String {
        """
        curl http://127.0.0.1:\(port)/proxy/openai/v1/chat/completions -H 'authorization: Bearer \(key)' \\
          -H 'content-type: application/json' -d '\(calls[0].body)'
        curl -N http://127.0.0.1:\(port)/proxy/openai/v1/chat/completions -H 'authorization: Bearer \(key)' \\
          -H 'content-type: application/json' -d '\(calls[1].body)'
        curl http://127.0.0.1:\(adminPort)/metrics
        tollgate report --by client,model --data-dir \(folder)
        tollgate export --format csv --data-dir \(folder)
        tollgate tail --follow --data-dir \(folder)
        The dashboard: http://127.0.0.1:\(adminPort)/
        """
    }
}
