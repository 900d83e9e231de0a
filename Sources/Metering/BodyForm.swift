/// What a content type says about how to read a body.
enum MediaType {
    case json, lines, events, amazon, binary, unknown

    /// Reads a content type, parameters and case ignored.
    init(_ contentType: String?) {
        guard let contentType else {
            self = .unknown
            return
        }
        let end = contentType.utf8.firstIndex(of: UInt8(ascii: ";")) ?? contentType.utf8.endIndex
        let bytes = contentType.utf8[..<end].map(Ascii.lower).filter { !Ascii.isSpace($0) }
        let name = String(decoding: bytes, as: UTF8.self)
        switch name {
        case "text/event-stream": self = .events
        case "application/vnd.amazon.eventstream": self = .amazon
        case "application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/stream+json",
            "application/json-seq", "application/ndjson":
            self = .lines
        case "application/json": self = .json
        default:
            if name.hasSuffix("+json") {
                self = .json
            } else if name.hasPrefix("audio/") || name.hasPrefix("image/") || name.hasPrefix("video/") {
                self = .binary
            } else {
                self = .unknown
            }
        }
    }

    /// True when the type alone says that the body is a stream.
    var isStream: Bool { self == .events || self == .amazon || self == .lines }

    /// How to begin; the first byte decides between JSON and events, because servers mislabel both.
    var framing: ResponseMeter.Framing {
        switch self {
        case .amazon: .amazon
        case .binary: .opaque
        case .json, .lines, .events, .unknown: .unknown
        }
    }

    /// What to take a body for whose first byte says nothing.
    var fallback: ResponseMeter.Framing {
        switch self {
        case .json, .lines: .json
        case .events: .events
        case .amazon, .binary, .unknown: .opaque
        }
    }
}

/// What a content coding asks for.
enum ContentCoding {
    case identity, gzip, deflate, unknown

    /// Reads a `Content-Encoding`; more than one coding counts as unknown.
    init(_ value: String?) {
        let bytes = (value ?? "").utf8.map(Ascii.lower).filter { !Ascii.isSpace($0) }
        switch String(decoding: bytes, as: UTF8.self) {
        case "", "identity": self = .identity
        case "gzip", "x-gzip": self = .gzip
        case "deflate": self = .deflate
        default: self = .unknown
        }
    }
}

/// Splits a body into JSON documents: one, one a line, or the elements of one array.
struct JSONFraming {
    /// Where the document began.
    private(set) var start: UInt64 = 0
    private var isArray = false
    private var isBegun = false

    /// Reads on until a document is complete; nil when the piece is used up.
    mutating func consume(
        _ bytes: UnsafeRawBufferPointer,
        from first: Int,
        at base: UInt64,
        into scanner: inout AnswerScanner
    ) -> Int? {
        var index = first
        if !scanner.isStarted {
            while index < bytes.count, isBetween(bytes[index]) { index += 1 }
            guard index < bytes.count else { return nil }
            start = base &+ UInt64(index)
        }
        index += scanner.consume(bytes.slice(index..<bytes.count))
        return scanner.state == .done ? index : nil
    }

    private mutating func isBetween(_ byte: UInt8) -> Bool {
        if Ascii.isSpace(byte) { return true }
        // A byte order mark, or the record separator of JSON text sequences (RFC 7464).
        if !isBegun, byte == 0xEF || byte == 0xBB || byte == 0xBF { return true }
        if byte == 0x1E { return true }
        if !isBegun {
            isBegun = true
            isArray = byte == Ascii.openBracket
            return isArray
        }
        return isArray && (byte == Ascii.comma || byte == Ascii.closeBracket)
    }
}
