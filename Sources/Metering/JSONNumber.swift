/// Exact reading of JSON numbers as scaled integers; no floating point anywhere.
enum JSONNumber {
    /// The number times 10 to the power `scale`, rounded half away from zero; nil when the bytes are no JSON number, the
    /// number is negative, or the result does not fit.
    static func scaled(_ bytes: UnsafeRawBufferPointer, by scale: Int) -> Int64? {
        if scale == 0, let count = plain(bytes) { return count }
        var index = 0
        guard index < bytes.count, isDigit(bytes[index]) else { return nil }
        var mantissa: UInt64 = 0
        var exponent = scale
        var roundUp = false
        var isFull = false
        func digitsEnd() -> Bool { index >= bytes.count || !isDigit(bytes[index]) }
        func take(fraction: Bool) {
            let digit = UInt64(bytes[index] - 0x30)
            index += 1
            if !isFull, mantissa < 1_000_000_000_000_000_000 {
                mantissa = mantissa * 10 + digit
                if fraction { exponent -= 1 }
            } else {
                if !isFull { roundUp = digit >= 5 }
                isFull = true
                if !fraction { exponent += 1 }
            }
        }
        while !digitsEnd() { take(fraction: false) }
        if index < bytes.count, bytes[index] == UInt8(ascii: ".") {
            index += 1
            guard !digitsEnd() else { return nil }
            while !digitsEnd() { take(fraction: true) }
        }
        if index < bytes.count, bytes[index] | 0x20 == UInt8(ascii: "e") {
            index += 1
            var isNegative = false
            if index < bytes.count, bytes[index] == UInt8(ascii: "-") || bytes[index] == UInt8(ascii: "+") {
                isNegative = bytes[index] == UInt8(ascii: "-")
                index += 1
            }
            guard !digitsEnd() else { return nil }
            var value = 0
            while !digitsEnd() {
                value = min(100_000, value * 10 + Int(bytes[index] - 0x30))
                index += 1
            }
            exponent += isNegative ? -value : value
        }
        guard index == bytes.count else { return nil }
        if roundUp, exponent == 0 { mantissa += 1 }
        return shifted(mantissa, exponent)
    }

    /// A number of at most eighteen digits and nothing else.
    @inline(__always)
    private static func plain(_ bytes: UnsafeRawBufferPointer) -> Int64? {
        guard bytes.count > 0, bytes.count <= 18 else { return nil }
        var value: Int64 = 0
        for byte in bytes {
            guard isDigit(byte) else { return nil }
            value = value &* 10 &+ Int64(byte &- 0x30)
        }
        return value
    }

    private static func shifted(_ mantissa: UInt64, _ exponent: Int) -> Int64? {
        if mantissa == 0 { return 0 }
        if exponent < -19 { return 0 }
        if exponent > 18 { return nil }
        var value = mantissa
        var left = exponent
        while left > 0 {
            let (product, overflow) = value.multipliedReportingOverflow(by: 10)
            if overflow { return nil }
            value = product
            left -= 1
        }
        var lastDigit: UInt64 = 0
        while left < 0 {
            lastDigit = value % 10
            value /= 10
            left += 1
        }
        if lastDigit >= 5 { value += 1 }
        return Int64(exactly: value)
    }

    @inline(__always)
    private static func isDigit(_ byte: UInt8) -> Bool { byte >= 0x30 && byte <= 0x39 }
}
