/// What a content type says about how to read a body.
enum MediaType {
    case json, lines, events, amazon, binary, unknown

    /// Reads a content type, parameters and case ignored.
    init(_ contentType: UnsafeRawBufferPointer) {
        let name = contentType.token(before: UInt8(ascii: ";"))
        if name.matches("application/json") {
            self = .json
        } else if name.matches("text/event-stream") {
            self = .events
        } else if name.matches("application/vnd.amazon.eventstream") {
            self = .amazon
        } else if Self.lineTypes.contains(where: { name.matches($0) }) {
            self = .lines
        } else if name.count > 5, name.slice((name.count - 5)..<name.count).matches("+json") {
            self = .json
        } else if Self.mediaTypes.contains(where: { name.count > 6 && name.slice(0..<6).matches($0) }) {
            self = .binary
        } else {
            self = .unknown
        }
    }

    private static let lineTypes: [StaticString] = [
        "application/x-ndjson", "application/jsonl", "application/x-jsonlines", "application/stream+json",
        "application/json-seq", "application/ndjson", "application/x-jsonl",
    ]
    private static let mediaTypes: [StaticString] = ["audio/", "image/", "video/"]

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
    init(_ value: UnsafeRawBufferPointer) {
        let name = value.token(before: 0)
        if name.isEmpty || name.matches("identity") {
            self = .identity
        } else if name.matches("gzip") || name.matches("x-gzip") {
            self = .gzip
        } else {
            self = name.matches("deflate") ? .deflate : .unknown
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes before a mark, or all, without blanks at either end.
    func token(before mark: UInt8) -> UnsafeRawBufferPointer {
        var end = 0
        while end < count, self[end] != mark { end += 1 }
        var start = 0
        while start < end, Ascii.isSpace(self[start]) { start += 1 }
        while end > start, Ascii.isSpace(self[end - 1]) { end -= 1 }
        return slice(start..<end)
    }

    /// True when the bytes are those of a literal in lower case, whatever case they are in.
    func matches(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        for index in 0..<count where Ascii.lower(self[index]) != literal.utf8Start[index] { return false }
        return true
    }
}

extension Optional<String> {
    /// Calls `body` with the UTF-8 bytes, none when there is no string.
    func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        guard var text = self else { return body(UnsafeRawBufferPointer(start: nil, count: 0)) }
        return text.withUTF8 { body(UnsafeRawBufferPointer($0)) }
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
