import Metering

/// A multipart form: a line with its content type, then its body.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzForm(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0, let start else { return 0 }
    let input = UnsafeRawBufferPointer(start: start, count: count)
    let lineEnd = input.firstIndex(of: 0x0A) ?? count
    let type = String(decoding: input[..<lineEnd], as: UTF8.self)
    let route = Route(method: "POST", path: "/v1/audio/transcriptions", query: nil, hint: .openai)
    // A copy, so that the sanitizer sees a read beyond its ends.
    let body = Array(input[min(count, lineEnd + 1)...])
    let facts = body.withUnsafeBytes { RequestFacts(scanning: $0, route: route, contentType: type) }
    precondition(facts.model?.utf8.count ?? 0 <= 3 * RequestFacts.modelLimit)
    if let range = facts.modelRange {
        precondition(range.lowerBound >= 0 && range.upperBound <= body.count)
        var edited = body
        edited.replaceSubrange(range, with: Array("other".utf8))
        let again = edited.withUnsafeBytes { RequestFacts(scanning: $0, route: route, contentType: type) }
        precondition(again.model == "other" || body.count > 4096, "an edited field is not read back")
    }
    return 0
}
