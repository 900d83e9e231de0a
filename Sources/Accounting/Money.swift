/// An amount of US dollars in integer picodollars (10⁻¹² dollars).
///
/// One amount is an `Int64`, good for ±9.22 million dollars; sums over events use ``MoneyTotal``.
public struct Money: Equatable, Hashable, Comparable, Sendable {
    /// The amount in picodollars.
    public var picodollars: Int64

    /// An amount of picodollars.
    public init(picodollars: Int64) { self.picodollars = picodollars }

    /// No money.
    public static let zero = Money(picodollars: 0)

    /// Orders by amount.
    public static func < (lhs: Money, rhs: Money) -> Bool { lhs.picodollars < rhs.picodollars }

    /// The exact decimal dollars, without trailing zeros: `0.0019725`.
    public var dollars: String {
        let (whole, fraction) = picodollars.magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        guard fraction != 0 else { return (picodollars < 0 ? "-" : "") + String(whole) }
        // A sign, seven digits, a point, twelve digits: from behind, without a string for each part.
        return String(unsafeUninitializedCapacity: 24) { text in
            var index = 24
            func put(_ byte: UInt8) {
                index -= 1
                text[index] = byte
            }
            var rest = fraction
            var isTrailing = true
            for _ in 0..<12 {
                let digit = UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
                isTrailing = isTrailing && digit == 0
                if !isTrailing { put(0x30 + digit) }
            }
            put(0x2e)
            rest = whole
            repeat {
                put(0x30 + UInt8(truncatingIfNeeded: rest % 10))
                rest /= 10
            } while rest > 0
            if picodollars < 0 { put(0x2d) }
            let count = 24 - index
            for position in 0..<count { text[position] = text[index + position] }
            return count
        }
    }
}

/// A sum of money in picodollars that cannot overflow in practice (an `Int128`).
public struct MoneyTotal: Equatable, Hashable, Comparable, Sendable {
    /// The amount in picodollars.
    public var picodollars: Int128

    /// A sum of picodollars.
    public init(picodollars: Int128 = 0) { self.picodollars = picodollars }

    /// Orders by amount.
    public static func < (lhs: MoneyTotal, rhs: MoneyTotal) -> Bool { lhs.picodollars < rhs.picodollars }

    /// Adds one amount to the sum.
    public static func += (total: inout MoneyTotal, amount: Money) { total.picodollars += Int128(amount.picodollars) }

    /// Adds another sum.
    public static func += (total: inout MoneyTotal, other: MoneyTotal) { total.picodollars += other.picodollars }

    /// The difference of two sums.
    public static func - (lhs: MoneyTotal, rhs: MoneyTotal) -> MoneyTotal {
        MoneyTotal(picodollars: lhs.picodollars - rhs.picodollars)
    }

    /// The exact decimal dollars, without trailing zeros: `-12.5`, `0`, `0.000000000001`.
    public var dollars: String {
        let sign = picodollars < 0 ? "-" : ""
        let magnitude = picodollars.magnitude
        let (whole, fraction) = magnitude.quotientAndRemainder(dividingBy: 1_000_000_000_000)
        guard fraction != 0 else { return sign + String(whole) }
        var digits = String(fraction)
        digits = String(repeating: "0", count: 12 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(sign)\(whole).\(digits)"
    }

    /// A sum from what ``dollars`` wrote: an optional sign, digits, at most twelve of them behind a point; nil for
    /// anything else and beyond 10²⁴ dollars.
    public init?(dollars text: String) {
        let isNegative = text.hasPrefix("-")
        let parts = text.dropFirst(isNegative ? 1 : 0).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), (1...24).contains(parts[0].utf8.count), parts.last?.isEmpty == false,
            parts.allSatisfy({ $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        let fraction = parts.count == 2 ? parts[1] : ""
        guard fraction.utf8.count <= 12 else { return nil }
        let digits = parts[0] + fraction + String(repeating: "0", count: 12 - fraction.utf8.count)
        guard let magnitude = Int128(digits) else { return nil }
        picodollars = isNegative ? -magnitude : magnitude
    }
}
