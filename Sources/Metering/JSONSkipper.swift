/// Moves over a JSON text that is wholly in memory, without building anything.
///
/// Positions are byte offsets. Every function returns nil when the text ends early or is not JSON; values that nobody
/// looks into are only checked for balanced brackets and closed strings.
struct JSONSkipper {
    let bytes: UnsafeRawBufferPointer

    /// The first position at or after `start` that is not white space.
    func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < bytes.count, Ascii.isSpace(bytes[index]) { index += 1 }
        return index
    }

    /// The position after the string whose opening quote is at `start`.
    func skipString(_ start: Int) -> Int? {
        let end = endOfString(start)
        return end < 0 ? nil : end
    }

    /// The position after the string whose opening quote is at `start`; -1 when it does not end.
    @inline(__always)
    func endOfString(_ start: Int) -> Int {
        var escaped = false
        return bytes.baseAddress.map { Metering.endOfString($0, start + 1, bytes.count, &escaped) } ?? -1
    }

    /// The position after the value that begins at `start`.
    func skipValue(_ start: Int) -> Int? {
        guard start < bytes.count else { return nil }
        switch bytes[start] {
        case Ascii.quote: return skipString(start)
        case Ascii.openBrace, Ascii.openBracket: return skipContainer(start)
        default:
            var index = start
            while index < bytes.count, Self.isScalar(bytes[index]) { index += 1 }
            return index > start ? index : nil
        }
    }

    /// True for the bytes that numbers and words are made of.
    @inline(__always)
    static func isScalar(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2B, 0x2D, 0x2E: true
        default: false
        }
    }

    private func skipContainer(_ start: Int) -> Int? {
        guard let base = bytes.baseAddress else { return nil }
        var depth = 1
        var index = start + 1
        while true {
            index = firstStructure(in: base, from: index, to: bytes.count)
            if index >= bytes.count { return nil }
            let byte = bytes[index]
            if byte == Ascii.quote {
                index = endOfString(index)
                if index < 0 { return nil }
                continue
            }
            index += 1
            depth += byte | 0x20 == Ascii.openBrace ? 1 : -1
            if depth == 0 { return index }
        }
    }

    /// Calls `body` with the key's content range and the value's range for each member of the object at `start`.
    ///
    /// - Returns: the position after the object; nil when it is malformed, in which case the members before the fault
    ///   were still reported.
    func members(of start: Int, _ body: (_ key: Range<Int>, _ value: Range<Int>) -> Void) -> Int? {
        guard start < bytes.count, bytes[start] == Ascii.openBrace else { return nil }
        var index = skipSpace(start + 1)
        if index < bytes.count, bytes[index] == Ascii.closeBrace { return index + 1 }
        while index < bytes.count {
            guard bytes[index] == Ascii.quote, let keyEnd = skipString(index) else { return nil }
            let key = (index + 1)..<(keyEnd - 1)
            index = skipSpace(keyEnd)
            guard index < bytes.count, bytes[index] == Ascii.colon else { return nil }
            let valueStart = skipSpace(index + 1)
            guard let valueEnd = skipValue(valueStart) else { return nil }
            body(key, valueStart..<valueEnd)
            index = skipSpace(valueEnd)
            guard index < bytes.count else { return nil }
            if bytes[index] == Ascii.closeBrace { return index + 1 }
            guard bytes[index] == Ascii.comma else { return nil }
            index = skipSpace(index + 1)
        }
        return nil
    }
}

/// Decodes the content of a JSON string (the bytes between its quotes); nil when an escape is malformed.
func decodeJSONString(_ content: UnsafeRawBufferPointer) -> String? {
    guard content.hasByte(Ascii.backslash) else { return String(decoding: content, as: UTF8.self) }
    var units: [UInt16] = []
    units.reserveCapacity(content.count)
    var plain: [UInt8] = []
    func flush() {
        guard !plain.isEmpty else { return }
        units.append(contentsOf: String(decoding: plain, as: UTF8.self).utf16)
        plain.removeAll(keepingCapacity: true)
    }
    var index = 0
    while index < content.count {
        let byte = content[index]
        index += 1
        guard byte == Ascii.backslash else {
            plain.append(byte)
            continue
        }
        guard index < content.count else { return nil }
        let escape = content[index]
        index += 1
        switch escape {
        case Ascii.quote, Ascii.backslash, 0x2F: plain.append(escape)
        case UInt8(ascii: "b"): plain.append(0x08)
        case UInt8(ascii: "f"): plain.append(0x0C)
        case UInt8(ascii: "n"): plain.append(Ascii.lineFeed)
        case UInt8(ascii: "r"): plain.append(Ascii.carriageReturn)
        case UInt8(ascii: "t"): plain.append(Ascii.tab)
        case UInt8(ascii: "u"):
            guard index + 4 <= content.count else { return nil }
            var unit: UInt16 = 0
            for offset in 0..<4 {
                guard let digit = Ascii.hex(content[index + offset]) else { return nil }
                unit = unit << 4 | UInt16(digit)
            }
            index += 4
            flush()
            units.append(unit)
        default: return nil
        }
    }
    flush()
    return String(decoding: units, as: UTF16.self)
}

/// The text of a JSON string's content; nil when that is empty, malformed or longer than `limit` bytes.
func decodedName(_ content: [UInt8], limit: Int) -> String? {
    guard !content.isEmpty else { return nil }
    let decoded = content.withUnsafeBytes { decodeJSONString($0) }
    return decoded.flatMap { $0.utf8.count <= limit ? $0 : nil }
}
