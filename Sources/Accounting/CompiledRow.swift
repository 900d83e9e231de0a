/// A price row made ready for arithmetic: for each step of the input's length a dense table of effective prices.
///
/// An object, so that choosing a row among many does not copy its tables.
final class CompiledRow: Sendable {
    /// The index of the row in its book.
    let index: UInt32
    let effectiveFrom: Int64
    let conditions: PriceConditions
    /// The smallest input of each step after the first, ascending.
    private let steps: [Int64]
    /// 32 prices for each step, in units of 10⁻¹² dollars; those of units without a price are zero.
    private let rates: ContiguousArray<UInt64>
    /// The units that have a price in each step, own or inherited.
    private let masks: [UInt32]
    /// The prices as stated in each step.
    private let tables: [PriceTable]
    private let minimums: [Int64]
    private let minimumMask: UInt32

    init(_ row: PriceRow, index: Int) {
        self.index = UInt32(clamping: index)
        effectiveFrom = row.effectiveFrom
        conditions = row.conditions.normalized
        var tables = [row.prices]
        for tier in row.tiers { tables.append((tables.last ?? PriceTable()).overlaid(by: tier.prices)) }
        var rates = ContiguousArray<UInt64>()
        var masks: [UInt32] = []
        for table in tables {
            var mask: UInt32 = 0
            var step = ContiguousArray<UInt64>(repeating: 0, count: 32)
            for unit in UsageUnit.allCases {
                guard let source = unit.priceChain.first(where: { table[$0] != nil }), let rate = table[source]
                else { continue }
                mask |= UnitSet.bit(unit)
                step[Int(unit.rawValue)] = UInt64(rate.mantissa)
            }
            rates.append(contentsOf: step)
            masks.append(mask)
        }
        self.tables = tables
        self.rates = rates
        self.masks = masks
        steps = row.tiers.map(\.lowest)
        var minimums = [Int64](repeating: 0, count: 32)
        var minimumMask: UInt32 = 0
        for (unit, minimum) in row.minimums {
            minimums[Int(unit.rawValue)] = minimum
            minimumMask |= UnitSet.bit(unit)
        }
        self.minimums = minimums
        self.minimumMask = minimumMask
    }

    /// The step that a whole input falls in.
    private func step(forInput input: @autoclosure () -> Int64) -> Int {
        guard !steps.isEmpty else { return 0 }
        let whole = input()
        var step = 0
        while step < steps.count, whole >= steps[step] { step += 1 }
        return step
    }

    /// Adds what counts cost to a sum.
    ///
    /// - Parameter isRequest: Whether these are the counts of the request itself: where the row has a fee per request and
    ///   the provider did not count requests, it is one, as long as anything was used.
    func charge(_ counts: CountsByUnit, isRequest: Bool, to sum: inout CostSum) {
        let step = step(forInput: counts.input)
        let mask = masks[step]
        let base = step &* 32
        var used: UInt32 = 0
        var bits = counts.mask & ~UnitSet.bit(.inputTool)
        while bits != 0 {
            let slot = bits.trailingZeroBitCount
            let bit = bits & (~bits &+ 1)
            bits &= bits &- 1
            let count = counts.values[slot]
            guard count > 0 else { continue }
            used |= bit
            guard mask & bit != 0 else { continue }
            let charged = minimumMask & bit == 0 ? count : max(count, minimums[slot])
            sum.add(UInt64(charged), rate: rates[base &+ slot], quantity: UnitSet.quantity(bit))
        }
        if isRequest, used != 0, chargesRequest(counts.mask, priced: mask) {
            sum.add(1, rate: rates[base + Int(UsageUnit.requests.rawValue)], quantity: .perUse)
            used |= UnitSet.bit(.requests)
        }
        sum.hasCounts = sum.hasCounts || used != 0
        sum.isUnpriced = sum.isUnpriced || leavesUnknown(used: used, priced: mask)
    }

    /// Whether units that were used and have no price leave the cost unknown.
    ///
    /// A fee without a price always does. Tokens do, unless the row charges by another measure (seconds, pages, ...) that
    /// was counted. Another measure does only when nothing that was counted has a price.
    private func leavesUnknown(used: UInt32, priced: UInt32) -> Bool {
        let missing = used & ~priced
        guard missing != 0 else { return false }
        let known = used & priced
        if missing & UnitSet.fees != 0 { return true }
        if missing & UnitSet.tokens != 0 {
            return priced & UnitSet.tokens != 0 || known & UnitSet.measures == 0
        }
        return known & (UnitSet.tokens | UnitSet.measures) == 0
    }

    private func chargesRequest(_ counted: UInt32, priced: UInt32) -> Bool {
        priced & ~counted & UnitSet.bit(.requests) != 0
    }

    /// The lines of a charge, for people.
    func lines(_ counts: UsageCounts, model: String?, isRequest: Bool) -> [Quote.Line] {
        let step = step(forInput: counts.total(.input) ?? 0)
        let table = tables[step]
        var counts = counts
        var isUsed = false
        counts.forEach { unit, count in isUsed = isUsed || (count > 0 && unit != .inputTool) }
        if isRequest, isUsed, chargesRequest(counts.mask, priced: masks[step]) { counts[.requests] = 1 }
        var lines: [Quote.Line] = []
        counts.forEach { unit, count in
            guard count > 0, unit != .inputTool else { return }
            let source = unit.priceChain.first { table[$0] != nil }
            let charged = source == nil ? count : max(count, minimums[Int(unit.rawValue)])
            var line = Quote.Line(unit: unit, model: model, count: charged, pricedAs: source, row: index)
            if let rate = source.flatMap({ table[$0] }) {
                line.rate = rate
                var sum = CostSum()
                sum.add(UInt64(charged), rate: UInt64(rate.mantissa), quantity: unit.priceQuantity)
                line.amount = sum.picodollars(multipliers: []).map(Money.init(picodollars:))
            }
            lines.append(line)
        }
        return lines
    }
}
