/// A decimal number from zero up, of any length, for products that may not be rounded.
package struct ExactDecimal: Equatable, Sendable {
    private static let base: UInt64 = 1_000_000_000
    /// Digits to the base of 10⁹, the lowest first.
    private var limbs: [UInt32]
    /// How many decimal digits stand after the point.
    private var scale: Int

    /// The value with so many of its digits after the point.
    package init(_ value: UInt128, scale: Int = 0) {
        limbs = []
        self.scale = scale
        var rest = value
        while rest > 0 {
            limbs.append(UInt32(truncatingIfNeeded: rest % UInt128(ExactDecimal.base)))
            rest /= UInt128(ExactDecimal.base)
        }
    }

    /// The exact product.
    package static func * (left: ExactDecimal, right: ExactDecimal) -> ExactDecimal {
        var product = ExactDecimal(0, scale: left.scale + right.scale)
        product.limbs = [UInt32](repeating: 0, count: left.limbs.count + right.limbs.count)
        for (index, digit) in left.limbs.enumerated() {
            var carry: UInt64 = 0
            for (offset, other) in right.limbs.enumerated() {
                let value = UInt64(digit) * UInt64(other) + UInt64(product.limbs[index + offset]) + carry
                product.limbs[index + offset] = UInt32(truncatingIfNeeded: value % base)
                carry = value / base
            }
            product.limbs[index + right.limbs.count] = UInt32(truncatingIfNeeded: carry)
        }
        while product.limbs.last == 0 { product.limbs.removeLast() }
        return product
    }

    /// The digits, without an exponent and without trailing zeros after the point.
    package var text: String {
        var digits = limbs.last.map { String($0) } ?? "0"
        for limb in limbs.dropLast().reversed() {
            let part = String(limb)
            digits += String(repeating: "0", count: 9 - part.utf8.count) + part
        }
        guard scale > 0 else { return digits }
        if digits.utf8.count <= scale { digits = String(repeating: "0", count: scale + 1 - digits.utf8.count) + digits }
        let whole = digits.dropLast(scale)
        var fraction = digits.suffix(scale)
        while fraction.last == "0" { fraction.removeLast() }
        return fraction.isEmpty ? String(whole) : "\(whole).\(fraction)"
    }
}
