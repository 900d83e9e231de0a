internal import Glibc

/// Byte helpers shared by the scanners: ASCII constants, comparisons and a word-at-a-time search.
enum Ascii {
    static let tab: UInt8 = 0x09
    static let lineFeed: UInt8 = 0x0A
    static let carriageReturn: UInt8 = 0x0D
    static let space: UInt8 = 0x20
    static let quote: UInt8 = 0x22
    static let comma: UInt8 = 0x2C
    static let colon: UInt8 = 0x3A
    static let openBracket: UInt8 = 0x5B
    static let backslash: UInt8 = 0x5C
    static let closeBracket: UInt8 = 0x5D
    static let openBrace: UInt8 = 0x7B
    static let closeBrace: UInt8 = 0x7D

    /// True for the four bytes that JSON calls white space.
    @inline(__always)
    static func isSpace(_ byte: UInt8) -> Bool {
        byte <= space && (byte == space || byte == lineFeed || byte == carriageReturn || byte == tab)
    }

    /// The byte with A–Z folded to a–z.
    @inline(__always)
    static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    /// The value of a hexadecimal digit; nil for anything else.
    @inline(__always)
    static func hex(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }

    /// The digit of a value below 16.
    static func upperHex(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x37 + value }
}

/// Finds the first byte of a range that is one of two, eight bytes at a time; `end` when there is none.
@inline(__always)
func firstIndex(of first: UInt8, or second: UInt8, in base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    let firsts = ones &* UInt64(first)
    let seconds = ones &* UInt64(second)
    var index = start
    while index &+ 8 <= end {
        let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let left = word ^ firsts
        let right = word ^ seconds
        // The lowest set bit marks the first match exactly; bits above it may be borrows, which do not matter.
        let hits = (((left &- ones) & ~left) | ((right &- ones) & ~right)) & highs
        if hits != 0 { return index &+ (hits.trailingZeroBitCount >> 3) }
        index &+= 8
    }
    while index < end {
        let byte = base.load(fromByteOffset: index, as: UInt8.self)
        if byte == first || byte == second { return index }
        index &+= 1
    }
    return end
}

/// Finds the first byte of a range that is a quote, a bracket or a brace, eight bytes at a time; `end` when there is none.
@inline(__always)
func firstStructure(in base: UnsafeRawPointer, from start: Int, to end: Int) -> Int {
    let ones: UInt64 = 0x0101_0101_0101_0101
    let highs: UInt64 = 0x8080_8080_8080_8080
    var index = start
    while index &+ 8 <= end {
        let word = UInt64(littleEndian: base.loadUnaligned(fromByteOffset: index, as: UInt64.self))
        let quotes = word ^ 0x2222_2222_2222_2222
        // This bit is all that tells braces from brackets.
        let folded = word | 0x2020_2020_2020_2020
        let opens = folded ^ 0x7B7B_7B7B_7B7B_7B7B
        let closes = folded ^ 0x7D7D_7D7D_7D7D_7D7D
        let hits =
            (((quotes &- ones) & ~quotes) | ((opens &- ones) & ~opens) | ((closes &- ones) & ~closes)) & highs
        if hits != 0 { return index &+ (hits.trailingZeroBitCount >> 3) }
        index &+= 8
    }
    while index < end {
        let byte = base.load(fromByteOffset: index, as: UInt8.self)
        if byte == Ascii.quote || byte | 0x20 == Ascii.openBrace || byte | 0x20 == Ascii.closeBrace { return index }
        index &+= 1
    }
    return end
}

/// The position after the quote that ends a string whose content goes on at `start`; -1 when the range ends before.
///
/// `escaped` says that the first byte is escaped, and on -1 whether the first byte after the range is.
@inline(__always)
func endOfString(_ base: UnsafeRawPointer, _ start: Int, _ end: Int, _ escaped: inout Bool) -> Int {
    var index = start
    if escaped {
        escaped = false
        index &+= 1
    }
    // Keys and short values end soon; the search for the end of a long text has a price of its own.
    let near = min(end, index &+ 32)
    while index < near {
        index = firstIndex(of: Ascii.quote, or: Ascii.backslash, in: base, from: index, to: near)
        if index >= near { break }
        if base.load(fromByteOffset: index, as: UInt8.self) == Ascii.quote { return index &+ 1 }
        index &+= 2
    }
    if index < end { return endOfLongString(base, index, end, &escaped) }
    escaped = index > end
    return -1
}

/// The same for long strings, which mostly have few escapes.
private func endOfLongString(_ base: UnsafeRawPointer, _ start: Int, _ end: Int, _ escaped: inout Bool) -> Int {
    var index = start
    var quote = -1
    while index < end {
        if quote < index {
            quote = memchr(base + index, Int32(Ascii.quote), end &- index).map { UnsafeRawPointer($0) - base } ?? end
        }
        // Only a backslash before the quote can escape it.
        guard let backslash = memchr(base + index, Int32(Ascii.backslash), quote &- index) else {
            return quote < end ? quote &+ 1 : -1
        }
        index = UnsafeRawPointer(backslash) - base &+ 2
    }
    escaped = index > end
    return -1
}

/// Text from bytes, cut at `limit` bytes and repaired where it is not UTF-8.
func text(_ bytes: UnsafeRawBufferPointer, limit: Int) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: bytes.prefix(limit)), as: UTF8.self)
}

extension UnsafeRawBufferPointer {
    /// True when the bytes are exactly those of a literal.
    @inline(__always)
    func equals(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        guard let base = baseAddress else { return true }
        return memcmp(base, literal.utf8Start, count) == 0
    }

    /// True when the bytes begin with a literal.
    func begins(_ literal: StaticString) -> Bool {
        count >= literal.utf8CodeUnitCount && slice(0..<literal.utf8CodeUnitCount).equals(literal)
    }

    /// True when a byte occurs.
    @inline(__always)
    func hasByte(_ byte: UInt8) -> Bool { baseAddress.map { memchr($0, Int32(byte), count) != nil } ?? false }

    /// The bytes of a range that the caller knows to lie inside.
    @inline(__always)
    func slice(_ range: Range<Int>) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: baseAddress.map { $0 + range.lowerBound }, count: range.count)
    }
}
