import Accounting

/// What a usage object states, before it is split into disjoint lines.
///
/// Totals include their parts here; ``lines(_:)`` takes the parts out, clamping a part that exceeds its whole.
struct UsageTally {
    var input: Int64?
    var inputAudio: Int64?
    var inputImage: Int64?
    var inputVideo: Int64?
    var inputTool: Int64?
    var cacheRead: Int64?
    var cachedAudio: Int64?
    var cachedImage: Int64?
    var cachedVideo: Int64?
    var cacheWrite5m: Int64?
    var cacheWrite1h: Int64?
    var cacheWriteOther: Int64?
    var output: Int64?
    var outputAudio: Int64?
    var outputImage: Int64?
    var outputVideo: Int64?
    var reasoning: Int64?
    var citation: Int64?
    /// Lines that are no tokens.
    var units: [(UsageUnit, Int64)] = []
    /// Parts that exceeded their whole, totals that do not reconcile.
    var anomalies: UInt32 = 0

    /// True when nothing was stated.
    var isEmpty: Bool { input == nil && output == nil && units.isEmpty && citation == nil }

    /// The disjoint lines, and how many parts had to be clamped.
    func lines(_ clamped: inout UInt32) -> UsageCounts {
        var counts = UsageLines()
        clamped = clamped &+ anomalies
        if let input { splitInput(input, &counts, &clamped) }
        if let output { splitOutput(output, &counts, &clamped) }
        counts.set(.inputTool, inputTool)
        counts.set(.outputCitation, citation)
        for (unit, count) in units { counts.add(count, to: unit) }
        return counts.counts
    }

    /// Takes a part out of what is left of its whole.
    private func take(_ part: Int64?, from rest: inout Int64, _ clamped: inout UInt32) -> Int64? {
        guard let part else { return nil }
        if part > rest { clamped = clamped &+ 1 }
        let taken = min(part, rest)
        rest -= taken
        return taken
    }

    private func splitInput(_ input: Int64, _ counts: inout UsageLines, _ clamped: inout UInt32) {
        var rest = input
        var read = take(cacheRead, from: &rest, &clamped)
        counts.set(.cacheWrite5m, take(cacheWrite5m, from: &rest, &clamped))
        counts.set(.cacheWrite1h, take(cacheWrite1h, from: &rest, &clamped))
        counts.set(.cacheWriteOther, take(cacheWriteOther, from: &rest, &clamped))
        // Without cached modalities the cached share of each is unknown, so a modality larger than the rest is no fault.
        var ignored: UInt32 = 0
        func uncached(_ whole: Int64?, _ cached: Int64?) -> Int64? { whole.map { max(0, $0 - (cached ?? 0)) } }
        counts.set(.inputAudio, take(uncached(inputAudio, cachedAudio), from: &rest, &ignored))
        counts.set(.inputImage, take(uncached(inputImage, cachedImage), from: &rest, &ignored))
        counts.set(.inputVideo, take(uncached(inputVideo, cachedVideo), from: &rest, &ignored))
        if read == nil || read == 0 { clamped = clamped &+ ignored }
        counts.set(.inputText, rest)
        if var left = read {
            counts.set(.cacheReadAudio, take(cachedAudio, from: &left, &clamped))
            counts.set(.cacheReadImage, take(cachedImage, from: &left, &clamped))
            counts.set(.cacheReadVideo, take(cachedVideo, from: &left, &clamped))
            read = left
        }
        counts.set(.cacheReadText, read)
    }

    private func splitOutput(_ output: Int64, _ counts: inout UsageLines, _ clamped: inout UInt32) {
        var rest = output
        counts.set(.outputReasoning, take(reasoning, from: &rest, &clamped))
        counts.set(.outputAudio, take(outputAudio, from: &rest, &clamped))
        counts.set(.outputImage, take(outputImage, from: &rest, &clamped))
        counts.set(.outputVideo, take(outputVideo, from: &rest, &clamped))
        counts.set(.outputText, rest)
    }
}

/// The sum of stated counts, saturating; nil when none is stated.
func sum(_ counts: Int64?...) -> Int64? {
    var total: Int64?
    for case let count? in counts {
        let (next, overflow) = (total ?? 0).addingReportingOverflow(count)
        total = overflow ? .max : next
    }
    return total
}

/// Counts by unit in fixed memory, until all are known.
private struct UsageLines {
    private var mask: UInt32 = 0
    private var values = InlineArray<32, Int64>(repeating: 0)

    /// Sets a count; nil leaves it absent.
    mutating func set(_ unit: UsageUnit, _ count: Int64?) {
        guard let count else { return }
        mask |= 1 << UInt32(unit.rawValue)
        values[Int(unit.rawValue & 31)] = max(0, count)
    }

    mutating func add(_ count: Int64, to unit: UsageUnit) {
        let (sum, overflow) = values[Int(unit.rawValue & 31)].addingReportingOverflow(max(0, count))
        set(unit, overflow ? .max : sum)
    }

    var counts: UsageCounts {
        var list: [Int64] = []
        list.reserveCapacity(mask.nonzeroBitCount)
        var bits = mask
        while bits != 0 {
            list.append(values[bits.trailingZeroBitCount])
            bits &= bits - 1
        }
        return UsageCounts(mask: mask, values: list) ?? UsageCounts()
    }
}
