import Accounting

extension Usage {
    /// Adds another turn of a session or result of a batch: counts and stated costs are summed, the last tier counts,
    /// and the raw objects become the elements of an array, to be ended by ``closeRaw()``.
    mutating func add(_ turn: Usage) {
        let isFirst = source == .none && counts.isEmpty && additional.isEmpty
        turn.counts.forEach { counts.add($1, to: $0) }
        for work in turn.additional where additional.count < 64 { additional.append(work) }
        if let total = turn.reportedTotal {
            let (sum, overflow) = (reportedTotal ?? 0).addingReportingOverflow(total)
            reportedTotal = overflow ? .max : sum
        }
        if let cost = turn.providerCost {
            let (sum, overflow) = (providerCost?.picodollars ?? 0).addingReportingOverflow(cost.picodollars)
            providerCost = Money(picodollars: overflow ? .max : sum)
        }
        serviceTier = turn.serviceTier ?? serviceTier
        speed = turn.speed ?? speed
        region = turn.region ?? region
        // A list that does not hold every turn would be read as a smaller session, so it is given up whole.
        if raw.isEmpty, !isFirst { return }
        if turn.raw.isEmpty || raw.count + turn.raw.count + 2 > Usage.rawLimit {
            raw = []
        } else {
            raw.append(raw.isEmpty ? Ascii.openBracket : Ascii.comma)
            raw += turn.raw
        }
    }

    /// Ends the array of raw objects.
    mutating func closeRaw() {
        if !raw.isEmpty { raw.append(Ascii.closeBracket) }
    }
}
