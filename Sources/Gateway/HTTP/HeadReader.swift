internal import Glibc
internal import NIOCore

/// Reads one complete head; lives only as long as the bytes are borrowed.
struct HeadReader {
    let head: UnsafeRawBufferPointer
    let kind: HeadParser.Kind

    private var length: Int?
    private var isChunked = false
    private var sawTransferEncoding = false
    private var sawHost = false
    private var closes = false
    private var staysOpen = false
    private var connectionOptions: [Range<Int>] = []

    init(head: UnsafeRawBufferPointer, kind: HeadParser.Kind) {
        self.head = head
        self.kind = kind
    }

    mutating func read(_ bytes: ByteBuffer, bodyless: Bool) throws(HeadError) -> MessageHead {
        var position = 0
        let startLine = try line(from: &position)
        let start = try kind == .request ? requestLine(startLine) : statusLine(startLine)
        var fields: [MessageHead.Field] = []
        fields.reserveCapacity(24)
        while position < head.count {
            let lineStart = position
            let content = try line(from: &position)
            if content.isEmpty { break }
            guard fields.count < 256 else { throw .tooManyFields }
            let field = try self.field(content, line: lineStart..<position)
            try note(field)
            fields.append(field)
        }
        // RFC 9112 section 3.2.
        if kind == .request, start.minor == 1, !sawHost { throw .malformed("there is no host") }
        return MessageHead(
            bytes: bytes,
            fields: fields,
            minorVersion: start.minor,
            first: start.first,
            second: start.second,
            status: start.status,
            framing: try framing(status: start.status, minor: start.minor, bodyless: bodyless),
            keepsAlive: !closes && !isDoubtful(minor: start.minor) && (start.minor == 1 || staysOpen),
            connectionOptions: connectionOptions
        )
    }

    /// The next line without its end, which must be CRLF: where a bare LF is taken for one, two parsers can disagree.
    private func line(from position: inout Int) throws(HeadError) -> Range<Int> {
        guard let base = head.baseAddress, position < head.count,
            let newline = memchr(base + position, 0x0A, head.count - position)
        else { throw .malformed("the head does not end") }
        let end = UnsafeRawPointer(newline) - base
        let start = position
        position = end + 1
        if end > start, head[end - 1] == 0x0D { return start..<(end - 1) }
        throw .malformed("a line ends in LF without CR")
    }

    private typealias StartLine = (first: Range<Int>, second: Range<Int>, status: Int, minor: UInt8)

    private func requestLine(_ line: Range<Int>) throws(HeadError) -> StartLine {
        var methodEnd = line.lowerBound
        while methodEnd < line.upperBound, Self.isToken(head[methodEnd]) { methodEnd += 1 }
        guard methodEnd > line.lowerBound, methodEnd < line.upperBound, head[methodEnd] == 0x20 else {
            throw .malformed("the request line has no method")
        }
        let targetStart = methodEnd + 1
        var targetEnd = targetStart
        while targetEnd < line.upperBound, head[targetEnd] > 0x20, head[targetEnd] != 0x7F { targetEnd += 1 }
        guard targetEnd > targetStart, targetEnd < line.upperBound, head[targetEnd] == 0x20 else {
            throw .malformed("the request line has no target")
        }
        let minor = try version(targetEnd + 1..<line.upperBound)
        return (line.lowerBound..<methodEnd, targetStart..<targetEnd, 0, minor)
    }

    private func statusLine(_ line: Range<Int>) throws(HeadError) -> StartLine {
        guard line.count >= 12, head[line.lowerBound + 8] == 0x20 else { throw .malformed("no status line") }
        let minor = try version(line.lowerBound..<line.lowerBound + 8)
        var status = 0
        for index in line.lowerBound + 9..<line.lowerBound + 12 {
            guard head[index] &- 0x30 < 10 else { throw .malformed("the status is not a number") }
            status = status * 10 + Int(head[index] &- 0x30)
        }
        guard status >= 100, line.count == 12 || head[line.lowerBound + 12] == 0x20 else {
            throw .malformed("the status is no number of three digits from 100 on")
        }
        let reasonStart = min(line.lowerBound + 13, line.upperBound)
        guard !hasControl(reasonStart..<line.upperBound) else {
            throw .malformed("the reason phrase has a control character")
        }
        return (line.lowerBound..<line.lowerBound + 8, reasonStart..<line.upperBound, status, minor)
    }

    private func version(_ range: Range<Int>) throws(HeadError) -> UInt8 {
        let text = UnsafeRawBufferPointer(rebasing: head[range])
        if text.equalsLowercase("http/1.1") { return 1 }
        if text.equalsLowercase("http/1.0") { return 0 }
        throw .version
    }

    private func field(_ content: Range<Int>, line: Range<Int>) throws(HeadError) -> MessageHead.Field {
        var nameEnd = content.lowerBound
        while nameEnd < content.upperBound, Self.isToken(head[nameEnd]) { nameEnd += 1 }
        guard nameEnd > content.lowerBound, nameEnd < content.upperBound, head[nameEnd] == UInt8(ascii: ":") else {
            throw .malformed("a header line has no name")
        }
        var lower = nameEnd + 1
        var upper = content.upperBound
        while lower < upper, head[lower] == 0x20 || head[lower] == 0x09 { lower += 1 }
        while upper > lower, head[upper - 1] == 0x20 || head[upper - 1] == 0x09 { upper -= 1 }
        guard !hasControl(lower..<upper) else { throw .malformed("a header value has a control character") }
        let name = content.lowerBound..<nameEnd
        let known = KnownHeader(name: UnsafeRawBufferPointer(rebasing: head[name]))
        return MessageHead.Field(known: known, name: name, value: lower..<upper, line: line)
    }

    /// Whether a value has a control character other than a tab. Eight bytes at a time find nothing in nearly every
    /// value; only where they find something, a tab or the end of a range, each byte is looked at.
    private func hasControl(_ range: Range<Int>) -> Bool {
        var index = range.lowerBound
        while index + 8 <= range.upperBound {
            let word = head.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            let belowSpace = (word &- 0x2020_2020_2020_2020) & ~word
            let delete = word ^ 0x7F7F_7F7F_7F7F_7F7F
            let isDelete = (delete &- 0x0101_0101_0101_0101) & ~delete
            if (belowSpace | isDelete) & 0x8080_8080_8080_8080 != 0 { break }
            index += 8
        }
        while index < range.upperBound {
            if head[index] < 0x20 && head[index] != 0x09 || head[index] == 0x7F { return true }
            index += 1
        }
        return false
    }

    private mutating func note(_ field: MessageHead.Field) throws(HeadError) {
        let value = UnsafeRawBufferPointer(rebasing: head[field.value])
        switch field.known {
        case .host:
            guard !sawHost else { throw .malformed("host is given twice") }
            sawHost = true
        case .contentLength:
            guard length == nil else { throw .malformed("content-length is given twice") }
            length = try number(value)
        case .transferEncoding:
            guard !sawTransferEncoding else { throw .malformed("transfer-encoding is given twice") }
            sawTransferEncoding = true
            isChunked = value.equalsLowercase("chunked")
            // Where a proxy in front reads on and this one does not, the rest of a body would be the next request.
            if !isChunked, kind == .request || !value.equalsLowercase("identity") {
                throw .malformed("transfer-encoding is not chunked")
            }
        case .connection:
            connectionOptions.append(field.value)
            ListTokens.forEach(value) { token in
                if token.equalsLowercase("close") { closes = true }
                if token.equalsLowercase("keep-alive") { staysOpen = true }
            }
        default: break
        }
    }

    /// Whether an answer's end is stated in two ways, or in one that its version does not have: it is read, but what
    /// comes behind it on the connection is not to be trusted (RFC 9112 sections 6.1 and 6.3).
    private func isDoubtful(minor: UInt8) -> Bool { sawTransferEncoding && (length != nil || minor == 0) }

    private func number(_ value: UnsafeRawBufferPointer) throws(HeadError) -> Int {
        guard !value.isEmpty, value.count <= 15 else { throw .malformed("content-length is not a number") }
        var number = 0
        for byte in value {
            guard byte &- 0x30 < 10 else { throw .malformed("content-length is not a number") }
            number = number * 10 + Int(byte &- 0x30)
        }
        return number
    }

    private func framing(status: Int, minor: UInt8, bodyless: Bool) throws(HeadError) -> BodyFraming {
        if sawTransferEncoding, kind == .request, length != nil || minor == 0 {
            throw .malformed("content-length and transfer-encoding contradict each other")
        }
        if kind == .response {
            if bodyless || status < 200 || status == 204 || status == 304 { return .none }
            if isChunked { return .chunked }
            return length.map { .length($0) } ?? .untilClose
        }
        if isChunked { return .chunked }
        return length.map { $0 == 0 ? .none : .length($0) } ?? .none
    }

    /// RFC 9110 section 5.6.2: the characters of a token, as two 64-bit masks.
    @inline(__always)
    private static func isToken(_ byte: UInt8) -> Bool {
        let low: UInt64 = 0x03FF_6CFA_0000_0000
        let high: UInt64 = 0x57FF_FFFF_C7FF_FFFE
        if byte < 64 { return low >> UInt64(byte) & 1 == 1 }
        if byte < 128 { return high >> UInt64(byte &- 64) & 1 == 1 }
        return false
    }
}
