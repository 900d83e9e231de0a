/// Checks that bytes are one JSON value (RFC 8259) in valid UTF-8 and gives it without white space.
///
/// Depth is bounded, and escaped lone surrogates are refused because many readers choke on them: what passes can be put
/// into a line of an export without ever breaking it.
package struct JSONCheck {
    private static let deepest = 64

    private let text: UnsafeBufferPointer<UInt8>
    private var index = 0
    private var out: [UInt8] = []

    /// The value without white space between its tokens; nil when it is not valid.
    package static func minified(_ text: [UInt8]) -> [UInt8]? {
        guard !text.isEmpty else { return nil }
        return text.withUnsafeBufferPointer { buffer in
            var check = JSONCheck(text: buffer)
            check.out.reserveCapacity(buffer.count)
            check.space()
            guard check.value(depth: 0) else { return nil }
            check.space()
            return check.index == buffer.count ? check.out : nil
        }
    }

    private init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

    private var next: UInt8? { index < text.count ? text[index] : nil }

    private mutating func space() {
        while let byte = next, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 { index += 1 }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        out.append(byte)
        index += 1
        return true
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.deepest, let byte = next else { return false }
        switch byte {
        case 0x7b: return members(depth: depth, closing: 0x7d, named: true)
        case 0x5b: return members(depth: depth, closing: 0x5d, named: false)
        case 0x22: return string()
        case 0x74: return literal("true")
        case 0x66: return literal("false")
        case 0x6e: return literal("null")
        default: return number()
        }
    }

    private mutating func members(depth: Int, closing: UInt8, named: Bool) -> Bool {
        out.append(text[index])
        index += 1
        space()
        if take(closing) { return true }
        while true {
            if named {
                guard string() else { return false }
                space()
                guard take(0x3a) else { return false }
                space()
            }
            guard value(depth: depth + 1) else { return false }
            space()
            if take(closing) { return true }
            guard take(0x2c) else { return false }
            space()
        }
    }

    private mutating func literal(_ word: StaticString) -> Bool {
        word.withUTF8Buffer { letters in
            for letter in letters {
                guard take(letter) else { return false }
            }
            return true
        }
    }

    private mutating func digits() -> Bool {
        let start = index
        while let byte = next, (0x30...0x39).contains(byte) { _ = take(byte) }
        return index > start
    }

    private mutating func number() -> Bool {
        let start = index
        _ = take(0x2d)
        let leadingZero = next == 0x30
        let first = index
        guard digits(), !leadingZero || index == first + 1 else { return false }
        if take(0x2e), !digits() { return false }
        var exponent = 0
        if next == 0x65 || next == 0x45 {
            _ = take(next ?? 0)
            if !take(0x2b) { _ = take(0x2d) }
            let at = index
            guard digits() else { return false }
            exponent = index - at
        }
        // Numbers that overflow a double are grammar but unreadable to most programs.
        return exponent <= 2 && index - start <= 100
    }

    private mutating func string() -> Bool {
        guard take(0x22) else { return false }
        while let byte = next {
            switch byte {
            case 0x22: return take(0x22)
            case 0x5c: guard escape() else { return false }
            case 0..<0x20: return false
            case 0x20..<0x80: _ = take(byte)
            default: guard sequence(byte) else { return false }
            }
        }
        return false
    }

    private mutating func escape() -> Bool {
        _ = take(0x5c)
        guard let byte = next else { return false }
        switch byte {
        case 0x22, 0x5c, 0x2f, 0x62, 0x66, 0x6e, 0x72, 0x74: return take(byte)
        case 0x75:
            guard let unit = unicode() else { return false }
            if (0xdc00...0xdfff).contains(unit) { return false }
            guard (0xd800...0xdbff).contains(unit) else { return true }
            guard take(0x5c), next == 0x75, let low = unicode() else { return false }
            return (0xdc00...0xdfff).contains(low)
        default: return false
        }
    }

    private mutating func unicode() -> UInt16? {
        _ = take(0x75)
        var unit: UInt16 = 0
        for _ in 0..<4 {
            guard let byte = next, let value = hexValue(byte) else { return nil }
            unit = unit << 4 | UInt16(value)
            _ = take(byte)
        }
        return unit
    }

    /// One character of two to four bytes, as the table of well-formed sequences in the Unicode standard has it.
    private mutating func sequence(_ lead: UInt8) -> Bool {
        var low: UInt8 = 0x80
        var high: UInt8 = 0xbf
        let following: Int
        switch lead {
        case 0xc2...0xdf: following = 1
        case 0xe0...0xef:
            following = 2
            if lead == 0xe0 { low = 0xa0 }
            if lead == 0xed { high = 0x9f }
        case 0xf0...0xf4:
            following = 3
            if lead == 0xf0 { low = 0x90 }
            if lead == 0xf4 { high = 0x8f }
        default: return false
        }
        _ = take(lead)
        for _ in 0..<following {
            guard let byte = next, byte >= low, byte <= high else { return false }
            _ = take(byte)
            low = 0x80
            high = 0xbf
        }
        return true
    }
}
