/// Strings between their quotes: any of them, and those that stand in records without making a `String` of each.
extension JSONText {
    /// A string between its quotes, without a comma before it.
    mutating func quoted(_ value: String) {
        append(0x22)
        var value = value
        value.withUTF8 { text in
            // What needs no escape, nearly always all of it, is copied in one piece.
            var start = 0
            for index in 0..<text.count {
                let byte = text[index]
                guard byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x7f else { continue }
                put(UnsafeBufferPointer(rebasing: text[start..<index]))
                escape(byte)
                start = index + 1
            }
            put(UnsafeBufferPointer(rebasing: text[start...]))
        }
        append(0x22)
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22, 0x5c:
            append(0x5c)
            append(byte)
        case 0x0a: append([0x5c, 0x6e])
        case 0x0d: append([0x5c, 0x72])
        case 0x09: append([0x5c, 0x74])
        default: append([0x5c, 0x75, 0x30, 0x30, hexDigit(byte >> 4), hexDigit(byte & 15)])
        }
    }

    /// A string between its quotes, without a comma before it.
    ///
    /// What is ASCII without anything to escape, nearly everything, is copied; all else goes through a `String`, which
    /// repairs what is no UTF-8 the way it is repaired everywhere.
    mutating func stored(_ text: UnsafeRawBufferPointer) {
        guard let source = text.baseAddress, Self.isPlain(text) else {
            return quoted(String(decoding: text, as: UTF8.self))
        }
        let space = room(text.count &+ 2)
        space.storeBytes(of: 0x22, as: UInt8.self)
        (space + 1).copyMemory(from: source, byteCount: text.count)
        space.storeBytes(of: 0x22, toByteOffset: text.count &+ 1, as: UInt8.self)
        advance(text.count &+ 2)
    }

    /// The string, or `null`.
    mutating func stored(ifPresent text: UnsafeRawBufferPointer?) {
        if let text { stored(text) } else { put("null") }
    }

    /// Whether every byte is ASCII that stands for itself in a string of JSON.
    static func isPlain(_ text: UnsafeRawBufferPointer) -> Bool {
        var offset = 0
        while text.count &- offset >= 8 {
            if hasOther(text.loadUnaligned(fromByteOffset: offset, as: UInt64.self)) { return false }
            offset &+= 8
        }
        while offset < text.count {
            let byte = text[offset]
            guard byte >= 0x20, byte < 0x7f, byte != 0x22, byte != 0x5c else { return false }
            offset &+= 1
        }
        return true
    }

    /// Whether one of eight bytes is a control character, a quote, a backslash, a delete or no ASCII.
    @inline(__always)
    private static func hasOther(_ word: UInt64) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        let control = word &- ones &* 0x20
        let quote = (word ^ ones &* 0x22) &- ones
        let backslash = (word ^ ones &* 0x5c) &- ones
        // The highest bit of a byte is set by a borrow where it is the byte looked for, and where it was no ASCII. A
        // borrow from the byte below sets it at most beside one that is looked for itself.
        let found = (control | quote | backslash | (word &+ ones) | word) & (ones &* 0x80)
        return found != 0
    }
}
