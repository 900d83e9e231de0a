/// A decimal number with an optional exponent, as JSON and spreadsheets write it: `2.5e-06`, `0.18`, `1E3`.
///
/// Holds the digits as they are written, so that shifting the point is exact.
package struct ScientificDecimal: Equatable, Sendable {
    private var digits: [UInt8]
    /// The power of ten of the last digit.
    private var exponent: Int
    /// Whether the number is below zero.
    package let isNegative: Bool

    /// A number from its text; nil when it is none, or has more than 100 digits or an exponent beyond ±400.
    package init?(_ text: some StringProtocol) {
        var digits: [UInt8] = []
        var exponent = 0
        var power = 0
        var isNegative = false
        var sawPoint = false
        var bytes = Array(text.utf8)[...]
        if let sign = bytes.first, sign == 0x2d || sign == 0x2b {
            isNegative = sign == 0x2d
            bytes.removeFirst()
        }
        guard bytes.count <= 110 else { return nil }
        while let byte = bytes.first {
            bytes.removeFirst()
            switch byte {
            case 0x30...0x39:
                digits.append(byte - 0x30)
                if sawPoint { exponent -= 1 }
            case 0x2e where !sawPoint: sawPoint = true
            case 0x65 where !digits.isEmpty, 0x45 where !digits.isEmpty:
                guard let value = Int(String(decoding: bytes, as: UTF8.self)), (-400...400).contains(value) else {
                    return nil
                }
                power = value
                bytes = []
            default: return nil
            }
        }
        guard !digits.isEmpty, digits.count <= 100 else { return nil }
        self.digits = digits
        self.exponent = exponent + power
        self.isNegative = isNegative && digits.contains { $0 != 0 }
    }

    /// The magnitude × 10 to the power of `places` as an integer, rounded half to even, and whether that lost nothing;
    /// nil when it does not fit or the number is below zero.
    package func scaled(by places: Int) -> (mantissa: Int64, isExact: Bool)? {
        guard !isNegative else { return nil }
        let shift = exponent + places
        // What is cut off, and what stays.
        let cut = min(digits.count, max(0, -shift))
        var value: Int64 = 0
        for digit in digits.dropLast(cut) {
            guard let next = Self.append(digit, to: value) else { return nil }
            value = next
        }
        if shift > 0, value != 0 {
            for _ in 0..<shift {
                guard let next = Self.append(0, to: value) else { return nil }
                value = next
            }
        }
        let rest = digits.suffix(cut)
        guard rest.contains(where: { $0 != 0 }) else { return (value, true) }
        // Digits that were cut off further to the right than there are digits are less than a half in any case.
        let first = -shift > digits.count ? 0 : rest.first ?? 0
        let isAboveHalf = first > 5 || (first == 5 && rest.dropFirst().contains { $0 != 0 })
        let isHalf = first == 5 && !isAboveHalf
        guard isAboveHalf || (isHalf && value & 1 == 1) else { return (value, false) }
        let (rounded, overflow) = value.addingReportingOverflow(1)
        return overflow ? nil : (rounded, false)
    }

    private static func append(_ digit: UInt8, to value: Int64) -> Int64? {
        let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
        let (sum, overflowed) = scaled.addingReportingOverflow(Int64(digit))
        return overflow || overflowed ? nil : sum
    }
}

extension Rate {
    /// A price from a number in any decimal notation, times ten to a power, rounded half to even to the twelfth digit;
    /// nil when it is no price.
    ///
    /// Lists of prices hold binary fractions such as 0.18000000000000002, which is the reason to round.
    package init?(number: some StringProtocol, timesTenTo power: Int = 0) {
        guard let decimal = ScientificDecimal(number), let value = decimal.scaled(by: Rate.scale + power) else {
            return nil
        }
        self.init(mantissa: value.mantissa)
    }

    /// A price times a factor, rounded half to even to the twelfth digit; nil when it is beyond the limit.
    package func times(_ factor: Multiplier) -> Rate? { times(factor.mantissa, over: 10_000) }

    /// A price that changes as another one does, from `base` to `changed`, rounded half to even to the twelfth digit; nil
    /// when it is beyond the limit, or the base is nothing.
    package func times(_ changed: Rate, over base: Rate) -> Rate? { times(changed.mantissa, over: base.mantissa) }

    private func times(_ factor: Int64, over divisor: Int64) -> Rate? {
        guard divisor > 0 else { return nil }
        let divisor = Int128(divisor)
        let (quotient, rest) = (Int128(mantissa) * Int128(factor)).quotientAndRemainder(dividingBy: divisor)
        let isUp = rest * 2 > divisor || (rest * 2 == divisor && quotient & 1 == 1)
        return Int64(exactly: quotient + (isUp ? 1 : 0)).flatMap(Rate.init(mantissa:))
    }

    /// A price times a whole number; nil when it is beyond the limit.
    package func times(_ factor: Int64) -> Rate? {
        let (product, overflow) = mantissa.multipliedReportingOverflow(by: factor)
        return overflow ? nil : Rate(mantissa: product)
    }
}
