internal import Glibc

/// Finds which of a fixed list of JSON keys stands at a place in a text.
///
/// An open-addressed table hashed by the first and the last eight bytes of a key, because every usage object of every
/// request goes through it.
struct KeyLookup {
    /// The place of each key in `texts`.
    private var ranges: [Range<Int>] = []
    private var texts: [UInt8] = []
    /// Number of a key plus one; zero is an empty slot.
    private var slots = [UInt8](repeating: 0, count: slotCount)

    private static let slotCount = 512
    private static let longest = 40

    /// - Parameter keys: at most 127, each of 1 to 40 bytes.
    init(_ keys: [StaticString]) {
        for (number, key) in keys.prefix(127).enumerated() {
            let bytes = key.withUTF8Buffer { Array($0) }
            ranges.append(texts.count..<texts.count + bytes.count)
            texts += bytes
            var slot = bytes.withUnsafeBytes { Self.slot($0) }
            while slots[slot] != 0 { slot = (slot + 1) % Self.slotCount }
            slots[slot] = UInt8(number + 1)
        }
    }

    /// The code of the key whose opening quote stands at `quote`, and the place behind its colon; nil when it is none
    /// of the list.
    @inline(__always)
    func key(in text: UnsafeRawBufferPointer, at quote: Int) -> (code: UInt8, end: Int)? {
        let start = quote + 1
        let room = min(text.count - start, Self.longest + 1)
        guard room > 0, let base = text.baseAddress, let found = memchr(base + start, 0x22, room) else { return nil }
        let end = UnsafeRawPointer(found) - base
        guard end + 1 < text.count, text[end + 1] == 0x3a else { return nil }
        let name = UnsafeRawBufferPointer(rebasing: text[start..<end])
        var slot = Self.slot(name)
        return texts.withUnsafeBytes { texts in
            while slots[slot] != 0 {
                let number = Int(slots[slot]) - 1
                let range = ranges[number]
                if range.count == name.count, let known = texts.baseAddress,
                    memcmp(base + start, known + range.lowerBound, name.count) == 0
                {
                    return (0x80 + UInt8(number), end + 2)
                }
                slot = (slot + 1) % Self.slotCount
            }
            return nil
        }
    }

    @inline(__always)
    private static func slot(_ name: UnsafeRawBufferPointer) -> Int {
        var first: UInt64 = 0
        var last: UInt64 = 0
        if name.count >= 8 {
            first = name.loadUnaligned(as: UInt64.self)
            last = name.loadUnaligned(fromByteOffset: name.count - 8, as: UInt64.self)
        } else {
            for byte in name { first = first << 8 | UInt64(byte) }
        }
        let mixed = (first &* 0x9E37_79B9_7F4A_7C15) ^ (last &* 0xC2B2_AE3D_27D4_EB4F) &+ UInt64(name.count)
        return Int(truncatingIfNeeded: mixed >> 52) % slotCount
    }
}
