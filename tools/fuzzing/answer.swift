import Accounting
import Metering

/// An answer of any kind, whole and in pieces: both must teach the same, and no verdict may go back.
///
/// The first byte chooses the content type, the second the operation and the coding, the third the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzAnswer(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 3, let start else { return 0 }
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let body = UnsafeRawBufferPointer(rebasing: input[3...])
    let types = [
        "application/json", "text/event-stream", "application/vnd.amazon.eventstream", "application/x-ndjson",
        "text/plain", nil,
    ]
    let paths = [
        "/v1/chat/completions", "/v1/responses", "/v1/messages", "/v1beta/models/gemini-x:streamGenerateContent",
        "/model/x/invoke-with-response-stream", "/api/chat", "/v2/chat", "/v1/messages/batches/b/results",
        "/v1/images/generations", "/v1/batches/b", "/anything",
    ]
    let type = types[Int(input[0]) % types.count]
    let hides = input[0] >= 128
    let route = Route(method: "POST", path: paths[Int(input[1]) % paths.count], query: nil, hint: .auto)
    let coding = input[1] >= 240 ? "gzip" : input[1] >= 224 ? "deflate" : nil
    let whole = read(body, route, type, coding, hides, piece: body.count)
    let pieces = read(body, route, type, coding, hides, piece: 1 + Int(input[2]) % 32)
    precondition(whole == pieces, "the pieces changed the answer: \(whole) is not \(pieces)")
    whole.usage.counts.forEach { _, count in precondition(count >= 0) }
    precondition(whole.usage.raw.count <= Usage.rawLimit)
    return 0
}

private func read(
    _ body: UnsafeRawBufferPointer,
    _ route: Route,
    _ type: String?,
    _ coding: String?,
    _ hides: Bool,
    piece: Int
) -> ResponseFacts {
    var meter = ResponseMeter(
        route: route,
        request: RequestFacts(),
        status: 200,
        contentType: type,
        contentEncoding: coding,
        hidesUsageChunk: hides
    )
    var index = 0
    var decided: UInt64 = 0
    while index < body.count {
        let end = min(body.count, index + max(1, piece))
        // A copy, so that the sanitizer sees a read beyond the piece.
        let verdict = Array(body[index..<end]).withUnsafeBytes { meter.consume($0) }
        precondition(verdict.decided >= decided && verdict.decided <= UInt64(end))
        if let dropped = verdict.dropped {
            precondition(dropped.lowerBound >= decided && dropped.upperBound <= verdict.decided)
        }
        decided = verdict.decided
        index = end
    }
    return meter.finish(.complete)
}
