/// A set of sequences, as ranges.
struct SequenceRanges {
    private var ranges: [ClosedRange<UInt64>] = []
    private var isSorted = true

    /// Adds one; cheap where they come in order.
    mutating func insert(_ sequence: UInt64) {
        if let last = ranges.last {
            if last.contains(sequence) { return }
            if last.upperBound < .max, sequence == last.upperBound + 1 {
                ranges[ranges.count - 1] = last.lowerBound...sequence
                return
            }
            if sequence < last.lowerBound { isSorted = false }
        }
        ranges.append(sequence...sequence)
    }

    /// So far behind a checkpoint a ledger does not get before the next one is signed.
    private static let farthest: UInt64 = 1 << 24

    /// The end of a ledger that has these records and a checkpoint of that size: numbers far behind it are no records.
    func end(checkpoint: UInt64?) -> UInt64 {
        guard let checkpoint else { return ranges.lazy.map(\.upperBound).max() ?? 0 }
        let (sum, overflows) = checkpoint.addingReportingOverflow(Self.farthest)
        let limit = overflows ? .max : sum
        return max(
            checkpoint,
            ranges.lazy.filter { $0.lowerBound <= limit }.map { min($0.upperBound, limit) }.max() ?? 0
        )
    }

    /// Those behind the end.
    func stray(behind end: UInt64) -> [ClosedRange<UInt64>] { ranges.filter { $0.lowerBound > end } }

    /// The sequences from 1 to `end` that are not in the set, in order.
    mutating func missing(through end: UInt64) -> [ClosedRange<UInt64>] {
        if !isSorted {
            ranges.sort { $0.lowerBound < $1.lowerBound }
            isSorted = true
        }
        var missing: [ClosedRange<UInt64>] = []
        var next: UInt64 = 1
        for range in ranges where range.upperBound >= next {
            guard next <= end else { break }
            if range.lowerBound > next { missing.append(next...min(end, range.lowerBound - 1)) }
            guard range.upperBound < end else { return missing }
            next = range.upperBound + 1
        }
        if next <= end { missing.append(next...end) }
        return missing
    }
}
