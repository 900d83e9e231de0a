/// A price: exact decimal dollars for a fixed quantity of one unit, see ``UsageUnit/priceQuantity``.
///
/// Held as an integer count of 10⁻¹² dollars, so a price has at most 12 digits after the point and is at most
/// one million dollars. It is never negative and never passes through floating point.
public struct Rate: Hashable, Comparable, Sendable {
    /// The price in units of 10⁻¹² dollars.
    public let mantissa: Int64

    /// How many decimal digits of the mantissa stand after the point.
    public static let scale = 12
    /// The largest price: one million dollars.
    public static let limit = Rate(unchecked: 1_000_000_000_000_000_000)
    /// A price of nothing, which is a known price.
    public static let zero = Rate(unchecked: 0)

    private init(unchecked mantissa: Int64) { self.mantissa = mantissa }

    /// A price of a number of 10⁻¹² dollars; nil when it is negative or above the limit.
    public init?(mantissa: Int64) {
        guard mantissa >= 0, mantissa <= Rate.limit.mantissa else { return nil }
        self.mantissa = mantissa
    }

    /// A price from its decimal text, such as `2.50`; digits and one point only.
    ///
    /// - Throws: `PriceBookError` when the text is no decimal, is negative, has more than 12 digits after the point or
    ///   is above one million.
    public init(_ text: some StringProtocol) throws(PriceBookError) {
        mantissa = try Decimal12.parse(text, fractionDigits: Rate.scale, limit: Rate.limit.mantissa)
    }

    /// Orders by amount.
    public static func < (lhs: Rate, rhs: Rate) -> Bool { lhs.mantissa < rhs.mantissa }

    /// The exact decimal text without trailing zeros: `2.5`.
    public var text: String { Decimal12.text(of: mantissa, fractionDigits: Rate.scale) }
}

/// A factor on a whole cost, such as `1.1`: at most four digits after the point, at most one thousand.
public struct Multiplier: Hashable, Sendable {
    /// The factor in units of 10⁻⁴.
    public let mantissa: Int64

    /// How many decimal digits of the mantissa stand after the point.
    public static let scale = 4
    /// The largest factor's mantissa.
    package static let limit: Int64 = 10_000_000

    /// A factor of a number of 10⁻⁴; nil when it is negative or above one thousand.
    public init?(mantissa: Int64) {
        guard mantissa >= 0, mantissa <= Multiplier.limit else { return nil }
        self.mantissa = mantissa
    }

    /// A factor from its decimal text.
    ///
    /// - Throws: `PriceBookError` when the text is no decimal, is negative, has more than four digits after the point
    ///   or is above one thousand.
    public init(_ text: some StringProtocol) throws(PriceBookError) {
        mantissa = try Decimal12.parse(text, fractionDigits: Multiplier.scale, limit: Multiplier.limit)
    }

    /// The exact decimal text without trailing zeros.
    public var text: String { Decimal12.text(of: mantissa, fractionDigits: Multiplier.scale) }
}

/// Decimal text to and from fixed-point integers.
enum Decimal12 {
    static func parse(
        _ text: some StringProtocol,
        fractionDigits: Int,
        limit: Int64
    ) throws(PriceBookError) -> Int64 {
        var value: Int64 = 0
        var digits = 0
        var fraction: Int?
        var tooLarge = false
        func quoted() -> String { "\"\(String(text.prefix(40)))\"" }
        func append(_ digit: Int64) {
            let (scaled, overflow) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflowed) = scaled.addingReportingOverflow(digit)
            tooLarge = tooLarge || overflow || overflowed
            if !tooLarge { value = sum }
        }
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                digits += 1
                if let places = fraction {
                    if places == fractionDigits {
                        guard byte == UInt8(ascii: "0") else {
                            throw PriceBookError(
                                .badDecimal,
                                "\(quoted()) has more than \(fractionDigits) digits after the point."
                            )
                        }
                        continue
                    }
                    fraction = places + 1
                }
                append(Int64(byte - UInt8(ascii: "0")))
            case UInt8(ascii: ".") where fraction == nil: fraction = 0
            case UInt8(ascii: "-") where digits == 0:
                throw PriceBookError(.negative, "\(quoted()) is negative; a price is zero or more.")
            default:
                throw PriceBookError(
                    .badDecimal,
                    "\(quoted()) is not a decimal number; write digits and one point, such as 2.50."
                )
            }
        }
        guard digits > 0 else {
            throw PriceBookError(.badDecimal, "\(quoted()) is not a decimal number; write it such as 2.50.")
        }
        for _ in (fraction ?? 0)..<fractionDigits { append(0) }
        guard !tooLarge, value <= limit else {
            throw PriceBookError(
                .tooLarge,
                "\(quoted()) is too large; the most is \(self.text(of: limit, fractionDigits: fractionDigits))."
            )
        }
        return value
    }

    static func text(of mantissa: Int64, fractionDigits: Int) -> String {
        var digits = String(mantissa)
        if digits.utf8.count <= fractionDigits {
            digits = String(repeating: "0", count: fractionDigits + 1 - digits.utf8.count) + digits
        }
        let whole = digits.dropLast(fractionDigits)
        var rest = digits.suffix(fractionDigits)
        while rest.last == "0" { rest.removeLast() }
        return rest.isEmpty ? String(whole) : "\(whole).\(rest)"
    }
}
