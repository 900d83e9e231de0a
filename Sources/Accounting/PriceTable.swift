/// Prices by ``UsageUnit``, in which absent means "not stated here".
public struct PriceTable: Hashable, Sendable {
    /// Bit `n` is set when the unit with raw value `n` has a price.
    public private(set) var mask: UInt32 = 0
    /// The prices of those units, in ascending unit order.
    public private(set) var rates: [Rate] = []

    /// No price stated.
    public init() {}

    /// A table of some prices.
    public init(_ prices: [UsageUnit: Rate]) {
        for (unit, rate) in prices { self[unit] = rate }
    }

    /// True when no price is stated.
    public var isEmpty: Bool { mask == 0 }

    /// The units that have a price, in ascending order.
    public var units: [UsageUnit] { UsageUnit.allCases.filter { self[$0] != nil } }

    /// The price of a unit; nil when it is not stated.
    public subscript(unit: UsageUnit) -> Rate? {
        get {
            let bit = UInt32(1) << UInt32(unit.rawValue)
            guard mask & bit != 0 else { return nil }
            return rates[(mask & (bit - 1)).nonzeroBitCount]
        }
        set {
            let bit = UInt32(1) << UInt32(unit.rawValue)
            let index = (mask & (bit - 1)).nonzeroBitCount
            switch (mask & bit != 0, newValue) {
            case (true, let rate?): rates[index] = rate
            case (false, let rate?):
                rates.insert(rate, at: index)
                mask |= bit
            case (true, nil):
                rates.remove(at: index)
                mask &= ~bit
            case (false, nil): break
            }
        }
    }

    /// This table with the prices that another states put over it.
    public func overlaid(by other: PriceTable) -> PriceTable {
        var result = self
        for unit in other.units { result[unit] = other[unit] }
        return result
    }
}
