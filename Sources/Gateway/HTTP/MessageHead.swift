package import NIOCore

/// The head of an HTTP/1.1 message as it stood on the wire, with its fields located but not copied.
///
/// All positions are offsets from the start of `bytes`. A class, because a head is handed on through every state of a
/// request and as a struct would cost five reference counts each time.
package final class MessageHead {
    /// One header field line, in half of a cache line.
    package struct Field {
        package let known: KnownHeader
        private let nameStart, nameEnd, valueStart, valueEnd, lineStart, lineEnd: UInt32

        init(known: KnownHeader, name: Range<Int>, value: Range<Int>, line: Range<Int>) {
            self.known = known
            (nameStart, nameEnd) = (UInt32(clamping: name.lowerBound), UInt32(clamping: name.upperBound))
            (valueStart, valueEnd) = (UInt32(clamping: value.lowerBound), UInt32(clamping: value.upperBound))
            (lineStart, lineEnd) = (UInt32(clamping: line.lowerBound), UInt32(clamping: line.upperBound))
        }

        package var name: Range<Int> { Int(nameStart)..<Int(nameEnd) }
        package var value: Range<Int> { Int(valueStart)..<Int(valueEnd) }
        /// The whole line with its line end.
        package var line: Range<Int> { Int(lineStart)..<Int(lineEnd) }
    }

    /// The head, from the start line through the blank line.
    package let bytes: ByteBuffer
    package let fields: [Field]
    /// Minor version of HTTP/1: 0 or 1.
    package let minorVersion: UInt8
    /// Requests: the method. Answers: the version.
    package let first: Range<Int>
    /// Requests: the target. Answers: the reason phrase.
    package let second: Range<Int>
    /// Answers: the status; 0 for requests.
    package let status: Int

    /// How the body that follows is delimited.
    package let framing: BodyFraming
    /// Whether the connection may carry another message after this one.
    package let keepsAlive: Bool
    /// Names of fields that a `connection` field makes hop-by-hop, as value ranges to search.
    package let connectionOptions: [Range<Int>]

    init(
        bytes: ByteBuffer,
        fields: [Field],
        minorVersion: UInt8,
        first: Range<Int>,
        second: Range<Int>,
        status: Int,
        framing: BodyFraming,
        keepsAlive: Bool,
        connectionOptions: [Range<Int>]
    ) {
        self.bytes = bytes
        self.fields = fields
        self.minorVersion = minorVersion
        self.first = first
        self.second = second
        self.status = status
        self.framing = framing
        self.keepsAlive = keepsAlive
        self.connectionOptions = connectionOptions
    }

    /// The text of a range, with bytes that are not UTF-8 replaced.
    package func text(_ range: Range<Int>) -> String {
        bytes.withUnsafeReadableBytes { head in
            guard range.upperBound <= head.count else { return "" }
            return String(decoding: head[range], as: UTF8.self)
        }
    }

    /// The text of the first field of a kind, nil when there is none.
    package func value(_ known: KnownHeader) -> String? {
        for field in fields where field.known == known { return text(field.value) }
        return nil
    }

    /// Whether a field was made hop-by-hop by a `connection` field (RFC 9110 section 7.6.1).
    package func isConnectionOption(_ name: UnsafeRawBufferPointer, in head: UnsafeRawBufferPointer) -> Bool {
        for range in connectionOptions where range.upperBound <= head.count {
            if ListTokens.contains(UnsafeRawBufferPointer(rebasing: head[range]), token: name) { return true }
        }
        return false
    }
}

/// How the body of a message is delimited (RFC 9112 section 6).
package enum BodyFraming: Equatable, Sendable {
    case none
    case length(Int)
    case chunked
    case untilClose
}

/// Comma-separated lists of tokens in field values.
package enum ListTokens {
    /// Whether a list has a token, in any case.
    package static func contains(_ list: UnsafeRawBufferPointer, token: UnsafeRawBufferPointer) -> Bool {
        var found = false
        forEach(list) { candidate in
            guard candidate.count == token.count, !found else { return }
            found = zip(candidate, token).allSatisfy { lowercased($0) == lowercased($1) }
        }
        return found
    }

    /// Calls `body` with each element, trimmed of blanks, parameters left on.
    package static func forEach(_ list: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        var start = 0
        var position = 0
        while position <= list.count {
            if position == list.count || list[position] == UInt8(ascii: ",") {
                var lower = start
                var upper = position
                while lower < upper, list[lower] == 0x20 || list[lower] == 0x09 { lower += 1 }
                while upper > lower, list[upper - 1] == 0x20 || list[upper - 1] == 0x09 { upper -= 1 }
                if lower < upper { body(UnsafeRawBufferPointer(rebasing: list[lower..<upper])) }
                start = position + 1
            }
            position += 1
        }
    }

    @inline(__always)
    private static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 0x41 < 26 ? byte | 0x20 : byte }
}
