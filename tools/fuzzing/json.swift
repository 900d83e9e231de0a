import Metering

/// A JSON document, whole and in pieces: the scanner must end in the same state with the same captures, and in bounded
/// memory.
///
/// The first byte chooses the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzJSON(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let body = UnsafeRawBufferPointer(rebasing: input[1...])
    let whole = read(body, piece: body.count)
    precondition(read(body, piece: 1) == whole, "byte by byte is not the whole")
    precondition(read(body, piece: 1 + Int(input[0]) % 64) == whole, "the pieces are not the whole")
    return 0
}

private struct Reading: Equatable {
    var state: AnswerScanner.State
    var end: Int
    var values: [[UInt8]?]
}

private func read(_ body: UnsafeRawBufferPointer, piece: Int) -> Reading {
    var scanner = AnswerScanner()
    var index = 0
    var end = 0
    while index < body.count {
        let next = min(body.count, index + max(1, piece))
        // A copy, so that the sanitizer sees a read beyond the piece.
        let used = Array(body[index..<next]).withUnsafeBytes { scanner.consume($0) }
        precondition(used >= 0 && used <= next - index)
        if scanner.state == .done {
            end = index + used
            break
        }
        index = next
    }
    precondition(scanner.footprint < 8 << 20)
    let fields: [AnswerField] = [
        .usage, .usageMetadata, .meta, .messageUsage, .responseUsage, .deltaUsage, .groqUsage, .choiceUsage, .toolUsage,
        .model, .innerModel, .id, .type, .status, .serviceTier, .error, .done, .promptEvalCount,
    ]
    let isDone = scanner.state == .done
    // What stands in the arena of a document that broke off is nobody's business.
    let values = fields.map { field in isDone ? scanner.withValue(field) { Array($0) } : nil }
    return Reading(state: scanner.state, end: end, values: values)
}
