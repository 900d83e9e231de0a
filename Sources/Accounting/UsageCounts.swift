/// Counts by ``UsageUnit``, in which absent is not zero.
///
/// A bit mask says which units are present and a dense array holds their counts in unit order. Counts are never
/// negative: setting a negative count stores zero.
public struct UsageCounts: Equatable, Sendable {
    /// Bit `n` is set when the unit with raw value `n` is present.
    public private(set) var mask: UInt32 = 0
    /// The counts of the present units, in ascending unit order.
    public private(set) var values: [Int64] = []

    /// Counts with nothing present.
    public init() {}

    /// Counts from their stored form; nil when the number of values does not fit the mask, a bit names no known unit,
    /// or a count is negative.
    public init?(mask: UInt32, values: [Int64]) {
        guard mask.nonzeroBitCount == values.count, mask >> UInt32(UsageUnit.allCases.count) == 0,
            values.allSatisfy({ $0 >= 0 })
        else { return nil }
        self.mask = mask
        self.values = values
    }

    /// True when no unit is present.
    public var isEmpty: Bool { mask == 0 }

    /// The count of a unit; nil when the provider said nothing about it.
    public subscript(unit: UsageUnit) -> Int64? {
        get {
            let bit = UInt32(1) << UInt32(unit.rawValue)
            guard mask & bit != 0 else { return nil }
            return values[(mask & (bit - 1)).nonzeroBitCount]
        }
        set {
            let bit = UInt32(1) << UInt32(unit.rawValue)
            let index = (mask & (bit - 1)).nonzeroBitCount
            switch (mask & bit != 0, newValue) {
            case (true, let value?): values[index] = max(0, value)
            case (false, let value?):
                values.insert(max(0, value), at: index)
                mask |= bit
            case (true, nil):
                values.remove(at: index)
                mask &= ~bit
            case (false, nil): break
            }
        }
    }

    /// The count of a unit, zero when absent: for sums only.
    public func sum(of unit: UsageUnit) -> Int64 { self[unit] ?? 0 }

    /// Adds a count to a unit, saturating at the largest representable count.
    public mutating func add(_ count: Int64, to unit: UsageUnit) {
        let (sum, overflow) = sum(of: unit).addingReportingOverflow(max(0, count))
        self[unit] = overflow ? .max : sum
    }

    /// Calls `body` for each present unit in ascending order.
    @inlinable
    public func forEach(_ body: (UsageUnit, Int64) -> Void) {
        var bits = mask
        var index = 0
        while bits != 0 {
            if let unit = UsageUnit(rawValue: UInt8(bits.trailingZeroBitCount)) { body(unit, values[index]) }
            bits &= bits - 1
            index += 1
        }
    }

    /// The saturating sum of the lines of one side; nil when none is present.
    public func total(_ side: UsageUnit.Side) -> Int64? {
        var total: Int64?
        forEach { unit, count in
            guard unit.side == side else { return }
            let (sum, overflow) = (total ?? 0).addingReportingOverflow(count)
            total = overflow ? .max : sum
        }
        return total
    }

    /// All cached input read, of every modality; nil when the provider said nothing about caching reads.
    public var cacheRead: Int64? { sumPresent([.cacheReadText, .cacheReadAudio, .cacheReadImage, .cacheReadVideo]) }

    /// All input written to a cache, of every lifetime; nil when the provider said nothing about cache writes.
    public var cacheWrite: Int64? { sumPresent([.cacheWrite5m, .cacheWrite1h, .cacheWriteOther]) }

    private func sumPresent(_ units: [UsageUnit]) -> Int64? {
        var total: Int64?
        for unit in units {
            guard let count = self[unit] else { continue }
            let (sum, overflow) = (total ?? 0).addingReportingOverflow(count)
            total = overflow ? .max : sum
        }
        return total
    }
}
