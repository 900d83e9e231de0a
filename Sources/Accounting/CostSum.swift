/// The exact sum of counts × prices, and its one rounding.
///
/// Prices are integers of 10⁻¹² dollars, so a product is exact and only has to be divided by the quantity that the price
/// is for: a million, one, or the milliseconds of an hour. The three kinds are summed apart; the quotient is
/// taken once for the whole event and rounded half to even, to the picodollar.
struct CostSum {
    private var millions: UInt128 = 0
    private var uses: UInt128 = 0
    private var hours: UInt128 = 0
    private(set) var overflowed = false
    /// Whether any count was above zero.
    var hasCounts = false
    /// Whether something that is charged has no known price.
    var isUnpriced = false

    /// Whether any product was above zero.
    var isPositive: Bool { millions | uses | hours != 0 }

    @inline(__always)
    mutating func add(_ count: UInt64, rate: UInt64, quantity: UsageUnit.PriceQuantity) {
        let product = count.multipliedFullWidth(by: rate)
        let value = UInt128(product.high) << 64 | UInt128(product.low)
        switch quantity {
        case .perMillion: overflowed = Self.add(value, to: &millions) || overflowed
        case .perUse: overflowed = Self.add(value, to: &uses) || overflowed
        case .perHour: overflowed = Self.add(value, to: &hours) || overflowed
        }
    }

    @inline(__always)
    private static func add(_ value: UInt128, to sum: inout UInt128) -> Bool {
        let (result, overflow) = sum.addingReportingOverflow(value)
        sum = result
        return overflow
    }

    /// The sum in picodollars; nil when it does not fit.
    func picodollars(multipliers: [Multiplier]) -> Int64? {
        guard !overflowed else { return nil }
        if uses == 0, hours == 0, multipliers.isEmpty, millions <= UInt128(UInt64.max) {
            return Self.roundedQuotient(UInt64(truncatingIfNeeded: millions), 1_000_000)
        }
        // The common denominator of 1,000,000 and 3,600,000 is 36,000,000 with room for both factors.
        var sum: UInt128 = 0
        for (part, factor) in [(millions, UInt128(36)), (uses, 36_000_000), (hours, 10)] {
            let (scaled, overflow) = part.multipliedReportingOverflow(by: factor)
            let (next, overflowed) = sum.addingReportingOverflow(scaled)
            guard !overflow, !overflowed else { return nil }
            sum = next
        }
        var denominator: UInt128 = 36_000_000
        for multiplier in multipliers {
            let (scaled, overflow) = sum.multipliedReportingOverflow(by: UInt128(multiplier.mantissa))
            guard !overflow else { return nil }
            sum = scaled
            denominator *= 10_000
        }
        return Self.roundedQuotient(sum, denominator)
    }

    /// The quotient, rounded half to even.
    private static func roundedQuotient<Value: FixedWidthInteger & UnsignedInteger>(
        _ value: Value,
        _ divisor: Value
    ) -> Int64? {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: divisor)
        let half = divisor / 2
        let up = remainder > half || (remainder == half && quotient & 1 == 1)
        let (rounded, overflow) = quotient.addingReportingOverflow(up ? 1 : 0)
        return overflow ? nil : Int64(exactly: rounded)
    }
}
