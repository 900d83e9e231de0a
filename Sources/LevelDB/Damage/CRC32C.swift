/// The CRC-32 of Castagnoli's polynomial, and the mask that LevelDB puts over it where it is stored.
enum CRC32C {
    private static let table: [UInt32] = (0..<256).map { number in
        (0..<8).reduce(UInt32(number)) { value, _ in value & 1 == 1 ? value >> 1 ^ 0x82F6_3B78 : value >> 1 }
    }

    /// The state before any byte.
    static let start: UInt32 = 0xFFFF_FFFF

    /// The state after one more byte.
    @inline(__always)
    static func step(_ state: UInt32, _ byte: UInt8) -> UInt32 {
        table[Int(truncatingIfNeeded: (state ^ UInt32(byte)) & 0xFF)] ^ state >> 8
    }

    static func state(_ bytes: UnsafeRawBufferPointer, from state: UInt32 = start) -> UInt32 {
        table.withUnsafeBufferPointer { table in
            var state = state
            for byte in bytes { state = table[Int(truncatingIfNeeded: (state ^ UInt32(byte)) & 0xFF)] ^ state >> 8 }
            return state
        }
    }

    /// What is stored for a state.
    static func masked(_ state: UInt32) -> UInt32 {
        let sum = ~state
        return (sum >> 15 | sum << 17) &+ 0xA282_EAD8
    }
}

extension UnsafeRawBufferPointer {
    /// Four bytes, little-endian; nil beyond the end.
    func word(at offset: Int) -> UInt32? {
        guard offset >= 0, offset <= count - 4 else { return nil }
        return UInt32(littleEndian: loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    /// The bytes of a range; nil beyond the end.
    func slice(_ offset: Int, _ length: Int) -> UnsafeRawBufferPointer? {
        guard offset >= 0, length >= 0, offset <= count, length <= count - offset else { return nil }
        return UnsafeRawBufferPointer(rebasing: self[offset..<offset + length])
    }

    /// An unsigned number of 7 bits a byte, and the offset behind it; nil when there is none of 64 bits.
    func varint(at offset: Int) -> (value: UInt64, end: Int)? {
        var value: UInt64 = 0
        var place = offset
        for shift in stride(from: UInt64(0), to: 64, by: 7) {
            guard place >= 0, place < count else { return nil }
            let byte = self[place]
            place += 1
            guard shift < 63 || byte <= 1 else { return nil }
            value |= UInt64(byte & 0x7F) << shift
            if byte < 0x80 { return (value, place) }
        }
        return nil
    }

    /// Bytes with their length as a varint before them, and the offset behind them.
    func counted(at offset: Int) -> (bytes: UnsafeRawBufferPointer, end: Int)? {
        guard let (length, start) = varint(at: offset), let length = Int(exactly: length),
            let bytes = slice(start, length)
        else { return nil }
        return (bytes, start + length)
    }
}
