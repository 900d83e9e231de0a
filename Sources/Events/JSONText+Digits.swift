/// Numbers, identities and money, written where they belong instead of into a string first.
extension JSONText {
    /// The decimal digits of a number.
    mutating func digits(_ value: UInt64) {
        if value < 10 { return append(0x30 + UInt8(truncatingIfNeeded: value)) }
        var length = 2
        var bound: UInt64 = 100
        while length < 20, value >= bound {
            // 10^20 does not fit, and the length ends the loop before it is needed.
            bound &*= 10
            length &+= 1
        }
        let space = room(length)
        var rest = value
        var place = length
        while rest >= 100 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            place &-= 2
            space.storeBytes(of: Self.pair(pair), toByteOffset: place, as: UInt16.self)
            rest = quotient
        }
        if place == 2 {
            space.storeBytes(of: Self.pair(rest), as: UInt16.self)
        } else {
            space.storeBytes(of: 0x30 + UInt8(truncatingIfNeeded: rest), as: UInt8.self)
        }
        advance(length)
    }

    /// A number without a comma before it.
    @inline(__always)
    mutating func digits(_ value: Int64) {
        if value < 0 { append(0x2d) }
        digits(value.magnitude)
    }

    /// The two digits of a number below 100, as they stand in memory.
    @inline(__always)
    static func pair(_ value: UInt64) -> UInt16 {
        let value = UInt16(truncatingIfNeeded: value)
        let tens = (value &* 103) &>> 10
        return (0x3030 &+ tens &+ (value &- tens &* 10) &<< 8).littleEndian
    }

    /// The eight hexadecimal digits of a number, as they stand in memory.
    @inline(__always)
    static func hexadecimal(_ value: UInt32) -> UInt64 {
        // Each byte, the first in the lowest place, gets two places; then each half of it one.
        var digits = UInt64(value.byteSwapped)
        digits = (digits | digits &<< 16) & 0x0000_ffff_0000_ffff
        digits = (digits | digits &<< 8) & 0x00ff_00ff_00ff_00ff
        digits = (digits &>> 4) & 0x000f_000f_000f_000f | (digits & 0x000f_000f_000f_000f) &<< 8
        let letters = ((digits &+ 0x0606_0606_0606_0606) &>> 4) & 0x0101_0101_0101_0101
        return (digits &+ 0x3030_3030_3030_3030 &+ letters &* 0x27).littleEndian
    }

    /// Sixteen hexadecimal digits.
    mutating func hexadecimal(_ value: UInt64) {
        let space = room(16)
        space.storeBytes(of: Self.hexadecimal(UInt32(truncatingIfNeeded: value >> 32)), as: UInt64.self)
        space.storeBytes(
            of: Self.hexadecimal(UInt32(truncatingIfNeeded: value)),
            toByteOffset: 8,
            as: UInt64.self
        )
        advance(16)
    }

    /// What ``RequestID/text`` says.
    mutating func identity(_ id: RequestID) {
        let second = UInt64(littleEndian: Self.hexadecimal(UInt32(truncatingIfNeeded: id.high)))
        let third = UInt64(littleEndian: Self.hexadecimal(UInt32(truncatingIfNeeded: id.low >> 32)))
        let space = room(36)
        space.storeBytes(of: Self.hexadecimal(UInt32(truncatingIfNeeded: id.high >> 32)), as: UInt64.self)
        Self.hyphen(second, space + 8)
        Self.hyphen(second >> 32, space + 13)
        Self.hyphen(third, space + 18)
        Self.hyphen(third >> 32, space + 23)
        space.storeBytes(
            of: Self.hexadecimal(UInt32(truncatingIfNeeded: id.low)),
            toByteOffset: 28,
            as: UInt64.self
        )
        advance(36)
    }

    /// Writes a hyphen and the first four of eight digits.
    @inline(__always)
    private static func hyphen(_ digits: UInt64, _ space: UnsafeMutableRawPointer) {
        space.storeBytes(of: 0x2d, as: UInt8.self)
        space.storeBytes(of: UInt32(truncatingIfNeeded: digits).littleEndian, toByteOffset: 1, as: UInt32.self)
    }

    /// What ``Accounting/Money/dollars`` says.
    mutating func dollars(picodollars: Int64) {
        if picodollars < 0 { append(0x2d) }
        let (whole, fraction) = picodollars.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        digits(whole)
        guard fraction != 0 else { return }
        append(0x2e)
        let space = room(12)
        var rest = fraction
        var place = 12
        while place > 0 {
            let (quotient, pair) = rest.quotientAndRemainder(dividingBy: 100)
            place &-= 2
            space.storeBytes(of: Self.pair(pair), toByteOffset: place, as: UInt16.self)
            rest = quotient
        }
        var length = 12
        while length > 0, space.load(fromByteOffset: length &- 1, as: UInt8.self) == 0x30 { length &-= 1 }
        advance(length)
    }
}
