import Metering

/// A compressed answer, whole and in pieces; the first byte chooses the coding and the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzInflate(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let body = Array(input[1...])
    let coding = input[0] & 1 == 0 ? "gzip" : "deflate"
    let whole = read(body, coding, piece: .max)
    precondition(read(body, coding, piece: 1) == whole, "byte by byte is not the whole")
    precondition(read(body, coding, piece: 1 + Int(input[0] >> 1)) == whole, "the pieces are not the whole")
    return 0
}

private func read(_ body: [UInt8], _ coding: String, piece: Int) -> ResponseFacts {
    var meter = ResponseMeter(
        route: Route(method: "POST", path: "/v1/chat/completions", query: nil, hint: .auto),
        request: RequestFacts(),
        status: 200,
        contentType: "application/json",
        contentEncoding: coding,
        hidesUsageChunk: true
    )
    var index = 0
    while index < body.count {
        let end = piece >= body.count - index ? body.count : index + piece
        let verdict = Array(body[index..<end]).withUnsafeBytes { meter.consume($0) }
        // A compressed body is never edited.
        precondition(verdict.decided == UInt64(end) && verdict.dropped == nil)
        index = end
    }
    return meter.finish(.complete)
}
