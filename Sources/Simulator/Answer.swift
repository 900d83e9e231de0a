/// An answer before its framing and before anything goes wrong with it.
struct Answer {
    var status = 200
    var contentType = "application/json"
    /// Beside the content type, the framing and `x-sim-usage`.
    var headers: [(name: String, value: String)] = []
    /// The body; each piece of a stream is one event.
    var pieces: [String]
    /// Sent as chunks, paced; else as one body with its length.
    var streamed = false
    /// The true usage, for the `x-sim-usage` header; nil where there is none.
    var usage: String?

    /// One JSON body.
    static func plain(_ body: String) -> Answer { Answer(pieces: [body]) }

    /// Server-sent events, complete with their blank lines.
    static func events(_ events: [String]) -> Answer {
        Answer(contentType: "text/event-stream; charset=utf-8", pieces: events, streamed: true)
    }
}

extension Exchange {
    /// The answer to this exchange when nothing goes wrong.
    func answer() -> Answer {
        let words = endpoint.generates ? SampleText.words(size: controls.size, limit: outputLimit) : []
        let figures = Figures(exchange: self, words: words.count)
        let reply = Reply(
            words: words,
            pieces: words.isEmpty ? [] : SampleText.pieces(words, count: controls.chunks ?? 8),
            figures: figures,
            limited: outputLimit.map { words.count >= $0 } ?? false
        )
        var answer =
            switch dialect {
            case .openai: openAIAnswer(reply)
            case .anthropic: anthropicAnswer(reply)
            case .gemini: geminiAnswer(reply)
            }
        answer.usage = figures.header(model: model, dialect: dialect, tier: controls.tier)
        return answer
    }
}

/// What is said in an answer, whatever its dialect.
struct Reply {
    let words: [String]
    /// The text as a stream sends it.
    let pieces: [String]
    let figures: Figures
    /// The output limit of the request ended the text.
    let limited: Bool

    var text: String { words.joined(separator: " ") }
}
