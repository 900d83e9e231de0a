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
        var counts = UsageCounts()
        clamped = clamped &+ anomalies
        if let input { splitInput(input, &counts, &clamped) }
        if let output { splitOutput(output, &counts, &clamped) }
        counts[.inputTool] = inputTool
        if let citation { counts[.outputCitation] = citation }
        for (unit, count) in units { counts.add(count, to: unit) }
        return counts
    }

    /// Takes a part out of what is left of its whole.
    private func take(_ part: Int64?, from rest: inout Int64, _ clamped: inout UInt32) -> Int64? {
        guard let part else { return nil }
        if part > rest { clamped = clamped &+ 1 }
        let taken = min(part, rest)
        rest -= taken
        return taken
    }

    private func splitInput(_ input: Int64, _ counts: inout UsageCounts, _ clamped: inout UInt32) {
        var rest = input
        var read = take(cacheRead, from: &rest, &clamped)
        counts[.cacheWrite5m] = take(cacheWrite5m, from: &rest, &clamped)
        counts[.cacheWrite1h] = take(cacheWrite1h, from: &rest, &clamped)
        counts[.cacheWriteOther] = take(cacheWriteOther, from: &rest, &clamped)
        // Without cached modalities the cached share of each is unknown, so a modality larger than the rest is no fault.
        var ignored: UInt32 = 0
        func uncached(_ whole: Int64?, _ cached: Int64?) -> Int64? { whole.map { max(0, $0 - (cached ?? 0)) } }
        counts[.inputAudio] = take(uncached(inputAudio, cachedAudio), from: &rest, &ignored)
        counts[.inputImage] = take(uncached(inputImage, cachedImage), from: &rest, &ignored)
        counts[.inputVideo] = take(uncached(inputVideo, cachedVideo), from: &rest, &ignored)
        if read == nil || read == 0 { clamped = clamped &+ ignored }
        counts[.inputText] = rest
        if var left = read {
            counts[.cacheReadAudio] = take(cachedAudio, from: &left, &clamped)
            counts[.cacheReadImage] = take(cachedImage, from: &left, &clamped)
            counts[.cacheReadVideo] = take(cachedVideo, from: &left, &clamped)
            read = left
        }
        counts[.cacheReadText] = read
    }

    private func splitOutput(_ output: Int64, _ counts: inout UsageCounts, _ clamped: inout UInt32) {
        var rest = output
        counts[.outputReasoning] = take(reasoning, from: &rest, &clamped)
        counts[.outputAudio] = take(outputAudio, from: &rest, &clamped)
        counts[.outputImage] = take(outputImage, from: &rest, &clamped)
        counts[.outputVideo] = take(outputVideo, from: &rest, &clamped)
        counts[.outputText] = rest
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
