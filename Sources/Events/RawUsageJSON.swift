/// The raw usage of a record as JSON without white space, in one pass over its coded form.
///
/// Nearly every object consists of known keys, numbers, and strings without anything odd, and this reads no more than
/// that. What it takes is what ``JSONCheck`` takes of the decoded text, with the same bytes; what it does not take says
/// nothing, and is to be decoded and checked.
struct RawUsageJSON {
    private static let deepest = 64
    /// `"key":` of each code.
    private static let keys = ShortTexts(
        RawUsageCoding.keys.map { key in
            key.withUTF8Buffer { [0x22] + Array($0) + [0x22, 0x3a] }
        }
    )

    private let coded: UnsafeRawBufferPointer
    private let keys: ShortTexts
    private let out: UnsafeMutableRawPointer
    private var index = 0
    private var count = 0
    /// Bytes that the decoded text has more than the coded one.
    private var gain = 0

    /// Adds the value; false, with nothing added, when it takes the other way.
    static func append(_ coded: UnsafeRawBufferPointer, limit: Int, to json: inout JSONText) -> Bool {
        guard coded.count <= limit else { return false }
        // A byte gives a slot at most, of which less than a slot is kept.
        let space = json.room((coded.count + 1) * ShortTexts.slot)
        var pass = RawUsageJSON(coded: coded, out: space)
        pass.skip()
        guard pass.value(depth: 0) else { return false }
        pass.skip()
        guard pass.index == coded.count, coded.count + pass.gain <= limit else { return false }
        json.advance(pass.count)
        return true
    }

    private init(coded: UnsafeRawBufferPointer, out: UnsafeMutableRawPointer) {
        self.coded = coded
        self.out = out
        keys = Self.keys
    }

    /// Zero, which stands nowhere in JSON, at the end.
    @inline(__always)
    private var next: UInt8 { index < coded.count ? coded[index] : 0 }

    @inline(__always)
    private mutating func keep(_ byte: UInt8) {
        out.storeBytes(of: byte, toByteOffset: count, as: UInt8.self)
        count &+= 1
        index &+= 1
    }

    @inline(__always)
    private mutating func take(_ byte: UInt8) -> Bool {
        guard next == byte else { return false }
        keep(byte)
        return true
    }

    /// Passes over white space, as it is and coded.
    @inline(__always)
    private mutating func skip() {
        while index < coded.count {
            switch coded[index] {
            case 0x20, 0x09, 0x0a, 0x0d: break
            case 0x0e...0x1f: gain &+= 2 &* Int(coded[index] &- 0x0e)
            default: return
            }
            index &+= 1
        }
    }

    private mutating func value(depth: Int) -> Bool {
        guard depth < Self.deepest else { return false }
        switch next {
        case 0x30...0x39, 0x2d: return number()
        case 0x7b: return members(depth: depth)
        case 0x5b: return elements(depth: depth)
        case 0x22: return string()
        case 0x74: return literal("true")
        case 0x66: return literal("false")
        case 0x6e: return literal("null")
        default: return false
        }
    }

    private mutating func members(depth: Int) -> Bool {
        keep(0x7b)
        skip()
        if take(0x7d) { return true }
        while true {
            if next >= 0x80 {
                let length = keys.copy(Int(next &- 0x80), to: out + count)
                guard length > 0 else { return false }
                count &+= length
                index &+= 1
                gain &+= length &- 1
            } else {
                guard string() else { return false }
                skip()
                guard take(0x3a) else { return false }
            }
            skip()
            guard value(depth: depth &+ 1) else { return false }
            skip()
            if take(0x7d) { return true }
            guard take(0x2c) else { return false }
            skip()
        }
    }

    private mutating func elements(depth: Int) -> Bool {
        keep(0x5b)
        skip()
        if take(0x5d) { return true }
        while true {
            guard value(depth: depth &+ 1) else { return false }
            skip()
            if take(0x5d) { return true }
            guard take(0x2c) else { return false }
            skip()
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

    /// A string of ASCII without escapes.
    private mutating func string() -> Bool {
        guard take(0x22) else { return false }
        while index < coded.count {
            let byte = coded[index]
            if byte == 0x22 { return take(0x22) }
            guard byte >= 0x20, byte < 0x80, byte != 0x5c else { return false }
            keep(byte)
        }
        return false
    }

    @inline(__always)
    private mutating func digits() -> Bool {
        let start = index
        while index < coded.count, coded[index] &- 0x30 < 10 { keep(coded[index]) }
        return index > start
    }

    /// A number without an exponent.
    private mutating func number() -> Bool {
        let start = index
        _ = take(0x2d)
        let isZero = next == 0x30
        let first = index
        guard digits(), !isZero || index == first &+ 1 else { return false }
        if take(0x2e), !digits() { return false }
        return next != 0x65 && next != 0x45 && index &- start <= 100
    }
}
