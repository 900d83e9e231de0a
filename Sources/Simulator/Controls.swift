/// What a request asks of the simulator beside its answer, by the `x-sim` header or by its model name.
///
/// The header is `key=value;key=value`; a key alone sets its default. A model `NAME-sim-key.value-key.value` says the
/// same where headers cannot be set; the answer then names the model `NAME`. The header wins. Unknown keys and
/// values that do not parse are ignored.
struct Controls {
    /// How an answer goes wrong.
    enum Fault: String, CaseIterable {
        /// The connection closes in the middle of the answer.
        case cut
        /// The whole body is sent, but its framing promises more, and the connection closes.
        case truncate
        /// Status 200 with broken JSON in the body, or in the middle of a stream.
        case malformed
        /// Lines that are no server-sent events in the middle of a stream.
        case badSSE = "bad-sse"
        /// Status 200, and in the middle the dialect's own error event; a plain answer becomes an error body.
        case errorEvent = "error-event"
        /// The body is sent in pieces that end inside UTF-8 characters wherever there are any.
        case utf8Split = "utf8-split"
        /// The request is read and never answered.
        case hang
        /// The answer stops in the middle; the connection stays open.
        case stall
        /// A response header of 128 KiB, or of `header` bytes.
        case hugeHeader = "huge-header"
        /// The connection is reset before the answer, or in the middle with `at`.
        case reset
        /// The connection is closed before the answer.
        case close
    }

    /// Milliseconds between chunks.
    var pace = 0
    /// Milliseconds before the answer's head.
    var delay = 0
    /// The number of text chunks in a stream; nil means at most eight.
    var chunks: Int?
    /// The bytes of the answer's text; nil means a dozen words.
    var size: Int?
    /// The status to answer with instead of 200.
    var status: Int?
    /// Seconds of the `retry-after` header on 429 and 503.
    var retryAfter: Int?
    /// What goes wrong.
    var fault: Fault?
    /// The chunk before which a fault strikes; nil means the middle.
    var at: Int?
    /// The bytes of the huge header.
    var header = 128 * 1024
    /// Input tokens beside those of the prompt.
    var input = 0
    /// How many of the input tokens were read from a cache.
    var cached = 0
    /// Input tokens written to a cache (Anthropic: for five minutes).
    var cacheWrite = 0
    /// Input tokens written to a cache for an hour (Anthropic only).
    var cacheWrite1h = 0
    /// Output tokens of reasoning.
    var reasoning = 0
    /// Web searches (Anthropic only).
    var searches = 0
    /// The service tier to state.
    var tier: String?
    /// False leaves the usage out of the answer.
    var usage = true
    /// Status and fault strike only the first so many requests of the same ``tag``; nil means all.
    var first: Int?
    /// What `first` counts by.
    var tag = ""

    /// The controls of a request whose model was `model` and whose `x-sim` header was `header`.
    init(model: String, header: String?) {
        if model.contains("cached") { cached = 5 }
        if model.contains("think") || model.contains("reason") { reasoning = 7 }
        if model.contains("cachewrite") { cacheWrite = 4 }
        if let suffix = Self.split(model).suffix {
            for part in suffix.split(separator: "-") {
                let pair = part.split(separator: ".", maxSplits: 1)
                set(String(pair[0]).replacing("_", with: "-"), pair.count > 1 ? String(pair[1]) : "")
            }
        }
        for part in (header ?? "").split(separator: ";") {
            let pair = part.split(separator: "=", maxSplits: 1)
            guard let key = pair.first else { continue }
            set(Self.trimmed(key), pair.count > 1 ? Self.trimmed(pair[1]) : "")
        }
    }

    /// The model's own name and its control suffix.
    static func split(_ model: String) -> (name: String, suffix: Substring?) {
        guard let range = model.firstRange(of: "-sim-") else { return (model, nil) }
        return (String(model[..<range.lowerBound]), model[range.upperBound...])
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }

    private mutating func set(_ key: String, _ value: String) {
        if let fault = Fault(rawValue: key) {
            self.fault = fault
            return
        }
        let number = Int(value).map { max(0, $0) }
        switch key {
        case "pace": pace = min(number ?? 0, 600_000)
        case "delay": delay = min(number ?? 0, 600_000)
        case "chunks": chunks = number.map { min(max(1, $0), 100_000) }
        case "size": size = number.map { min($0, 32 * 1024 * 1024) }
        case "status": status = number.flatMap { (200...599).contains($0) ? $0 : nil }
        case "retry-after": retryAfter = number
        case "fault": fault = Fault(rawValue: value)
        case "at": at = number
        case "header": header = min(number ?? header, 8 * 1024 * 1024)
        case "input": input = min(number ?? 0, 1_000_000_000)
        case "cached": cached = min(number ?? 5, 1_000_000_000)
        case "cache-write": cacheWrite = min(number ?? 4, 1_000_000_000)
        case "cache-write-1h": cacheWrite1h = min(number ?? 4, 1_000_000_000)
        case "reasoning": reasoning = min(number ?? 7, 1_000_000_000)
        case "searches": searches = min(number ?? 1, 1_000_000)
        case "tier": tier = value.isEmpty ? nil : value
        case "usage": usage = value != "none"
        case "first": first = number
        case "tag": tag = String(value.prefix(64))
        default: break
        }
    }
}
