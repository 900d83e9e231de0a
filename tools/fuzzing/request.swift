import Metering

/// A request: its line, an empty line, its body, as JSON, as a form, or packed; the first byte chooses.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzRequest(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let lineEnd = input.firstIndex(of: 0x0A) ?? count
    let target = String(decoding: input[1..<max(1, lineEnd)], as: UTF8.self)
    let parts = target.split(separator: "?", maxSplits: 1)
    let route = Route(
        method: input[0] & 1 == 0 ? "POST" : "GET",
        path: String(parts.first ?? ""),
        query: parts.count > 1 ? String(parts[1]) : nil,
        hint: .auto
    )
    var chat = Route(method: "POST", path: "/v1/chat/completions", query: nil, hint: .openai)
    if input[0] & 2 == 0 { chat = route }
    let type = input[0] & 4 == 0 ? "application/json" : "multipart/form-data; boundary=b"
    let coding = input[0] & 8 == 0 ? nil : input[0] & 16 == 0 ? "gzip" : "deflate"
    // A copy, so that the sanitizer sees a read beyond its ends.
    let body = Array(input[min(count, lineEnd + 1)...])
    let facts = body.withUnsafeBytes {
        RequestFacts(scanning: $0, route: chat, contentType: type, contentEncoding: coding)
    }
    if let range = facts.modelRange { precondition(range.lowerBound >= 0 && range.upperBound <= body.count) }
    if let edit = facts.usageInsertion {
        precondition(edit.range.lowerBound >= 0 && edit.range.upperBound <= body.count)
        var edited = body
        edited.replaceSubrange(edit.range, with: edit.replacement)
        let again = edited.withUnsafeBytes { RequestFacts(scanning: $0, route: chat, contentType: type) }
        precondition(again.asksUsage == true && again.usageInsertion == nil, "asked, and not understood")
    }
    return 0
}
