/// A cursor over borrowed bytes that never reads outside them.
///
/// A read that does not fit sets ``failed``, moves to the end and gives zero or nothing; the caller asks once, at the
/// end, whether everything was there. That keeps the paths that read millions of records free of branches per field.
package struct ByteReader {
    package let base: UnsafeRawBufferPointer
    package private(set) var offset: Int
    /// True once something did not fit.
    package private(set) var failed = false

    package init(_ bytes: UnsafeRawBufferPointer, from offset: Int = 0) {
        base = bytes
        self.offset = min(max(0, offset), bytes.count)
    }

    /// Bytes that are left.
    package var remaining: Int { base.count - offset }

    package mutating func fail() {
        failed = true
        offset = base.count
    }

    @inline(__always)
    package mutating func byte() -> UInt8 {
        guard offset < base.count else {
            fail()
            return 0
        }
        let value = base[offset]
        offset &+= 1
        return value
    }

    @inline(__always)
    package mutating func fixed64() -> UInt64 {
        guard base.count - offset >= 8 else {
            fail()
            return 0
        }
        let value = base.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
        offset &+= 8
        return UInt64(littleEndian: value)
    }

    @inline(__always)
    package mutating func fixed16() -> UInt16 {
        guard base.count - offset >= 2 else {
            fail()
            return 0
        }
        let value = base.loadUnaligned(fromByteOffset: offset, as: UInt16.self)
        offset &+= 2
        return UInt16(littleEndian: value)
    }

    /// A LEB128 number of at most ten bytes.
    @inline(__always)
    package mutating func varint() -> UInt64 {
        let first = byte()
        if first < 0x80 { return UInt64(first) }
        return longVarint(first)
    }

    private mutating func longVarint(_ first: UInt8) -> UInt64 {
        var value = UInt64(first & 0x7f)
        var shift: UInt64 = 7
        while shift < 64 {
            let next = byte()
            if shift == 63, next > 1 { break }
            value |= UInt64(next & 0x7f) << shift
            if next < 0x80 { return value }
            shift += 7
        }
        fail()
        return 0
    }

    /// A signed number in zigzag form.
    @inline(__always)
    package mutating func signed() -> Int64 {
        let value = varint()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    /// A number that must not exceed what an `Int64` holds; larger ones fail.
    @inline(__always)
    package mutating func count() -> Int64 {
        let value = varint()
        guard value <= UInt64(Int64.max) else {
            fail()
            return 0
        }
        return Int64(value)
    }

    /// A number up to a limit; larger ones fail.
    package mutating func small(_ limit: Int) -> Int {
        let value = varint()
        guard value <= UInt64(limit) else {
            fail()
            return 0
        }
        return Int(value)
    }

    /// The next `length` bytes, not copied.
    @inline(__always)
    package mutating func slice(_ length: Int) -> UnsafeRawBufferPointer {
        guard length >= 0, length <= base.count - offset else {
            fail()
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        let slice = UnsafeRawBufferPointer(rebasing: base[offset..<(offset &+ length)])
        offset &+= length
        return slice
    }

    /// Bytes behind their length, not copied.
    @inline(__always)
    package mutating func blob() -> UnsafeRawBufferPointer {
        let length = varint()
        guard length <= UInt64(base.count - offset) else {
            fail()
            return UnsafeRawBufferPointer(start: nil, count: 0)
        }
        return slice(Int(length))
    }

    package mutating func string() -> String { String(decoding: blob(), as: UTF8.self) }

    package mutating func bytes() -> [UInt8] { [UInt8](blob()) }
}
