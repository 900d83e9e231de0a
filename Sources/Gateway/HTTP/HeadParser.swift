internal import Glibc
package import NIOCore

/// Why the head of a message was refused.
package enum HeadError: Error, Equatable, Sendable {
    case tooLong
    case tooManyFields
    case malformed(String)
    case version
}

/// Finds and reads the head of an HTTP/1.1 message (RFC 9112) in bytes that arrive in pieces.
///
/// Strict where leniency lets two parsers disagree about where a message ends: lines that do not end in CRLF, folded
/// lines, blanks before a colon, control characters, repeated or conflicting lengths are refused.
package struct HeadParser {
    package enum Kind: Sendable { case request, response }

    private let kind: Kind
    private let limit: Int
    /// How far the search for the blank line has come, so that a slow sender costs no second look.
    private var searched = 0

    package init(_ kind: Kind, limit: Int) {
        self.kind = kind
        self.limit = limit
    }

    /// Takes one head off the front of `buffer`; nil when it is not complete yet.
    ///
    /// - Parameter bodyless: for answers, true when the request was HEAD.
    package mutating func next(_ buffer: inout ByteBuffer, bodyless: Bool = false) throws(HeadError) -> MessageHead? {
        if kind == .request { skipBlankLines(&buffer) }
        guard let length = headLength(buffer) else {
            if buffer.readableBytes > limit { throw .tooLong }
            return nil
        }
        searched = 0
        guard length <= limit, let bytes = buffer.readSlice(length: length) else { throw .tooLong }
        return try Self.read(bytes, kind: kind, bodyless: bodyless)
    }

    /// RFC 9112 section 2.2: an empty line before a request line is to be ignored.
    private mutating func skipBlankLines(_ buffer: inout ByteBuffer) {
        while buffer.getInteger(at: buffer.readerIndex, as: UInt16.self) == 0x0D0A {
            buffer.moveReaderIndex(forwardBy: 2)
            searched = 0
        }
    }

    private mutating func headLength(_ buffer: ByteBuffer) -> Int? {
        let start = searched
        let outcome: (length: Int?, searched: Int) = buffer.withUnsafeReadableBytes { bytes in
            guard let base = bytes.baseAddress else { return (nil, 0) }
            var position = start
            while position < bytes.count,
                let newline = memchr(base + position, 0x0A, bytes.count - position)
            {
                let index = UnsafeRawPointer(newline) - base
                let next = index + 1
                if next < bytes.count, bytes[next] == 0x0A { return (next + 1, 0) }
                if next + 1 < bytes.count, bytes[next] == 0x0D, bytes[next + 1] == 0x0A { return (next + 2, 0) }
                // The blank line may be cut after this newline: look at it again next time.
                if next + 1 >= bytes.count { return (nil, index) }
                position = next
            }
            return (nil, bytes.count)
        }
        searched = outcome.searched
        return outcome.length
    }

    private static func read(_ bytes: ByteBuffer, kind: Kind, bodyless: Bool) throws(HeadError) -> MessageHead {
        let result: Result<MessageHead, HeadError> = bytes.withUnsafeReadableBytes { head in
            do throws(HeadError) {
                var reader = HeadReader(head: head, kind: kind)
                return .success(try reader.read(bytes, bodyless: bodyless))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }
}
