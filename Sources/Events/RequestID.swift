extension RequestID {
    /// A new identity: a UUIDv7 (RFC 9562) whose time part is good to a quarter of a microsecond's order.
    ///
    /// Bits 48…63 hold the version and the fraction of the millisecond (method 3 of the RFC), so that identities made one
    /// after another sort in that order. Times before 1970 count as 1970.
    ///
    /// - Parameters:
    ///   - timeMicroseconds: the time, in microseconds since 1970 (UTC).
    ///   - random: 64 random bits, of which 62 are used.
    public static func make(timeMicroseconds: Int64, random: UInt64) -> RequestID {
        let micros = UInt64(max(0, timeMicroseconds))
        let (milliseconds, rest) = micros.quotientAndRemainder(dividingBy: 1000)
        let fraction = rest * 4096 / 1000
        return RequestID(
            high: (milliseconds & 0xffff_ffff_ffff) << 16 | 0x7000 | fraction,
            low: random & 0x3fff_ffff_ffff_ffff | 0x8000_0000_0000_0000
        )
    }

    /// The usual text form: 36 lower-case characters with hyphens.
    public var text: String {
        withUnsafeTemporaryAllocation(byteCount: Self.textLength, alignment: 1) { bytes in
            writeText(into: bytes)
            return String(decoding: bytes, as: UTF8.self)
        }
    }

    /// Bytes of the text form.
    public static let textLength = 36

    /// Writes the text form, where there is room for it.
    public func writeText(into out: UnsafeMutableRawBufferPointer) {
        guard out.count >= Self.textLength else { return }
        var place = 0
        for index in 0..<16 {
            if index == 4 || index == 6 || index == 8 || index == 10 {
                out[place] = 0x2d
                place += 1
            }
            let half = index < 8 ? high : low
            let value = UInt8(truncatingIfNeeded: half >> UInt64(56 - 8 * (index & 7)))
            out[place] = hexDigit(value >> 4)
            out[place + 1] = hexDigit(value & 15)
            place += 2
        }
    }

    /// The identity with a text form, upper or lower case; nil when the text is not a UUID.
    public init?(text: String) {
        let utf8 = Array(text.utf8)
        guard utf8.count == 36 else { return nil }
        var halves: (UInt64, UInt64) = (0, 0)
        var digits = 0
        for (index, character) in utf8.enumerated() {
            if index == 8 || index == 13 || index == 18 || index == 23 {
                guard character == 0x2d else { return nil }
                continue
            }
            guard let value = hexValue(character) else { return nil }
            if digits < 16 {
                halves.0 = halves.0 << 4 | UInt64(value)
            } else {
                halves.1 = halves.1 << 4 | UInt64(value)
            }
            digits += 1
        }
        self.init(high: halves.0, low: halves.1)
    }
}

extension RequestID: Comparable {
    /// Orders by time of making, then by chance.
    public static func < (lhs: RequestID, rhs: RequestID) -> Bool { (lhs.high, lhs.low) < (rhs.high, rhs.low) }
}

package func hexDigit(_ value: UInt8) -> UInt8 { value < 10 ? 0x30 + value : 0x57 + value }

package func hexValue(_ character: UInt8) -> UInt8? {
    switch character {
    case 0x30...0x39: character - 0x30
    case 0x61...0x66: character - 0x57
    case 0x41...0x46: character - 0x37
    default: nil
    }
}

package func hexText(_ bytes: [UInt8]) -> String {
    var out: [UInt8] = []
    out.reserveCapacity(bytes.count * 2)
    for byte in bytes {
        out.append(hexDigit(byte >> 4))
        out.append(hexDigit(byte & 15))
    }
    return String(decoding: out, as: UTF8.self)
}
