/// Strings as they stand in records, copied without making a `String` of each.
extension JSONText {
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
