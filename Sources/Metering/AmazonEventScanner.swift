/// Splits Amazon's binary event stream (`application/vnd.amazon.eventstream`) in pieces, checking both CRCs.
///
/// A message is its length, its headers' length and a CRC of those two (4 bytes each, big endian), headers, payload,
/// and a CRC of everything before.
struct AmazonEventScanner {
    private enum State { case prelude, headers, payload, checksum }

    /// Where the message began.
    private(set) var start: UInt64 = 0
    /// The message's `:event-type`, empty when it has none.
    private(set) var eventType: [UInt8] = []
    /// True when the message is an exception or an error.
    private(set) var isException = false
    /// True after a fault; nothing more is read.
    private(set) var failed = false
    private var state = State.prelude
    private var buffer: [UInt8] = []
    private var needed = 12
    private var payloadLeft = 0
    private var checksum: UInt32 = 0
    private var position: UInt64 = 0

    /// The longest message that Amazon's own decoders accept, in bytes.
    private static let messageLimit = 24 * 1024 * 1024
    private static let headersLimit = 128 * 1024

    /// The bytes that are allocated now.
    var footprint: Int { buffer.capacity + eventType.capacity }

    /// True in the middle of a message.
    var isInside: Bool { state != .prelude || !buffer.isEmpty }

    /// Reads on until a message is complete and its CRC is right; nil when the piece is used up.
    mutating func consume(
        _ bytes: UnsafeRawBufferPointer,
        from first: Int,
        at base: UInt64,
        into scanner: inout AnswerScanner
    ) -> Int? {
        var index = first
        while index < bytes.count || (state == .payload && payloadLeft == 0), !failed {
            if state == .payload {
                let count = min(payloadLeft, bytes.count - index)
                let piece = bytes.slice(index..<(index + count))
                checksum = crc32(checksum, piece)
                _ = scanner.consume(piece)
                payloadLeft -= count
                index += count
                if payloadLeft == 0 { expect(4, .checksum) }
                continue
            }
            if state == .prelude, buffer.isEmpty { start = base &+ UInt64(index) }
            let count = min(needed - buffer.count, bytes.count - index)
            buffer.append(contentsOf: bytes.slice(index..<(index + count)))
            index += count
            guard buffer.count == needed else { return nil }
            if endPart() { return index }
        }
        return nil
    }

    private mutating func expect(_ count: Int, _ next: State) {
        buffer.removeAll(keepingCapacity: true)
        needed = count
        state = next
    }

    private func word(_ offset: Int) -> UInt32 {
        UInt32(buffer[offset]) << 24 | UInt32(buffer[offset + 1]) << 16 | UInt32(buffer[offset + 2]) << 8
            | UInt32(buffer[offset + 3])
    }

    /// Takes in a part that is wholly in the buffer; true when it was the last of a message.
    private mutating func endPart() -> Bool {
        switch state {
        case .prelude:
            let total = Int(word(0))
            let headers = Int(word(4))
            let prelude = buffer.withUnsafeBytes { crc32(0, $0.slice(0..<8)) }
            guard prelude == word(8), total <= Self.messageLimit, headers <= Self.headersLimit,
                total >= headers + 16
            else {
                failed = true
                return false
            }
            checksum = buffer.withUnsafeBytes { crc32(0, $0) }
            payloadLeft = total - headers - 16
            eventType = []
            isException = false
            expect(headers, .headers)
            if headers == 0 { expect(0, .payload) }
        case .headers:
            checksum = buffer.withUnsafeBytes { crc32(checksum, $0) }
            readHeaders()
            expect(0, .payload)
        case .payload: break
        case .checksum:
            let isRight = word(0) == checksum
            expect(12, .prelude)
            if !isRight { failed = true }
            return isRight
        }
        return false
    }

    private mutating func readHeaders() {
        let headers = buffer
        var index = 0
        while index < headers.count {
            let nameEnd = index + 1 + Int(headers[index])
            guard nameEnd < headers.count else { return }
            let name = headers[(index + 1)..<nameEnd]
            guard let length = Self.valueLength(headers, type: headers[nameEnd], at: nameEnd + 1) else { return }
            let valueStart = nameEnd + 1 + (headers[nameEnd] == 6 || headers[nameEnd] == 7 ? 2 : 0)
            guard valueStart + length <= headers.count else { return }
            let value = headers[valueStart..<(valueStart + length)]
            if name.elementsEqual(":event-type".utf8) { eventType = Array(value.prefix(64)) }
            if name.elementsEqual(":message-type".utf8) { isException = !value.elementsEqual("event".utf8) }
            index = valueStart + length
        }
    }

    /// The length of a header's value by its type; nil when it is unknown or cut off.
    private static func valueLength(_ headers: [UInt8], type: UInt8, at index: Int) -> Int? {
        switch type {
        case 0, 1: return 0
        case 2: return 1
        case 3: return 2
        case 4: return 4
        case 5, 8: return 8
        case 6, 7:
            guard index + 2 <= headers.count else { return nil }
            return Int(headers[index]) << 8 | Int(headers[index + 1])
        case 9: return 16
        default: return nil
        }
    }
}

/// Decodes standard base64 with or without padding; nil when it is malformed.
func decodeBase64(_ text: UnsafeRawBufferPointer) -> [UInt8]? {
    var result: [UInt8] = []
    result.reserveCapacity(text.count / 4 * 3)
    var bits: UInt32 = 0
    var count = 0
    for byte in text {
        let value: UInt8
        switch byte {
        case 0x41...0x5A: value = byte - 0x41
        case 0x61...0x7A: value = byte - 0x47
        case 0x30...0x39: value = byte + 4
        case 0x2B: value = 62
        case 0x2F: value = 63
        case 0x3D: continue
        default: return nil
        }
        bits = bits << 6 | UInt32(value)
        count += 1
        if count == 4 {
            result.append(UInt8(truncatingIfNeeded: bits >> 16))
            result.append(UInt8(truncatingIfNeeded: bits >> 8))
            result.append(UInt8(truncatingIfNeeded: bits))
            bits = 0
            count = 0
        }
    }
    switch count {
    case 0: break
    case 2: result.append(UInt8(truncatingIfNeeded: bits >> 4))
    case 3:
        result.append(UInt8(truncatingIfNeeded: bits >> 10))
        result.append(UInt8(truncatingIfNeeded: bits >> 2))
    default: return nil
    }
    return result
}
