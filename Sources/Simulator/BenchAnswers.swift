import NIOCore

/// Answers rendered once, for measuring: any path that starts with `/bench` gets them without a look at its body.
struct BenchAnswers: Sendable {
    private let chat: ByteBuffer
    private let chatStream: ByteBuffer
    private let message: ByteBuffer
    private let generate: ByteBuffer

    init() {
        let prompt = "\"messages\":[{\"role\":\"user\",\"content\":\"measure this\"}]"
        chat = Self.render("/v1/chat/completions", "{\"model\":\"gpt-4o\",\(prompt)}", size: 340)
        chatStream = Self.render(
            "/v1/chat/completions",
            "{\"model\":\"gpt-4o\",\"stream\":true,\"stream_options\":{\"include_usage\":true},\(prompt)}",
            size: 340
        )
        message = Self.render("/v1/messages", "{\"model\":\"claude-sonnet-4-5\",\(prompt)}", size: 340)
        generate = Self.render("/v1beta/models/gemini-2.5-flash:generateContent", "{}", size: 340)
    }

    /// The answer for a path below `/bench`: a stream below `/bench/stream`, else about 1 kB of JSON in the path's dialect.
    func answer(to path: Substring) -> ByteBuffer {
        if path.hasPrefix("/bench/stream") { return chatStream }
        if path.hasSuffix("/messages") { return message }
        return path.hasSuffix(":generateContent") ? generate : chat
    }

    private static func render(_ path: Substring, _ body: String, size: Int) -> ByteBuffer {
        var rendered = ByteBuffer()
        guard
            let exchange = Exchange(
                method: "POST",
                path: path,
                query: "",
                control: "size=\(size)",
                body: Array(body.utf8),
                serial: 0
            )
        else { return rendered }
        for case .write(var bytes) in Script(exchange.answer(), exchange: exchange).steps {
            rendered.writeBuffer(&bytes)
        }
        return rendered
    }
}
