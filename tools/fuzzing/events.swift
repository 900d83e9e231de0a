import Accounting
import Metering

/// Server-sent events: the same with each of the three line ends, whole and in pieces, with the usage chunk hidden or not.
///
/// The first byte chooses the path, the second the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzEvents(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 2, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let body = Array(input[2...])
    let paths = ["/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1beta/models/g:streamGenerateContent"]
    let route = Route(method: "POST", path: paths[Int(input[0]) % paths.count], query: nil, hint: .auto)
    let piece = 1 + Int(input[1]) % 64
    let whole = read(body, route, hides: false, piece: .max)
    precondition(read(body, route, hides: true, piece: piece) == whole, "hiding or pieces changed the answer")
    precondition(read(body, route, hides: true, piece: 1) == whole, "byte by byte is not the whole")
    guard !body.contains(0x0D) else { return 0 }
    for lineEnd in [[0x0D, 0x0A], [0x0D]] as [[UInt8]] {
        let other = body.flatMap { $0 == 0x0A ? lineEnd : [$0] }
        precondition(read(other, route, hides: true, piece: piece) == whole, "line ends changed the answer")
    }
    return 0
}

private func read(_ body: [UInt8], _ route: Route, hides: Bool, piece: Int) -> ResponseFacts {
    var meter = ResponseMeter(
        route: route,
        request: RequestFacts(),
        status: 200,
        contentType: "text/event-stream",
        contentEncoding: nil,
        hidesUsageChunk: hides
    )
    var index = 0
    var decided: UInt64 = 0
    while index < body.count {
        let end = piece >= body.count - index ? body.count : index + piece
        let verdict = Array(body[index..<end]).withUnsafeBytes { meter.consume($0) }
        precondition(verdict.decided >= decided && verdict.decided <= UInt64(end))
        if let dropped = verdict.dropped {
            precondition(hides && dropped.lowerBound >= decided && dropped.upperBound <= verdict.decided)
        }
        decided = verdict.decided
        index = end
    }
    precondition(meter.footprint < 8 << 20)
    return meter.finish(.complete)
}
