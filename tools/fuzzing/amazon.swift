import Metering

/// Amazon's event stream, with right checksums so that the reader gets past them.
///
/// The input is a list of messages: the length of the event's type, the type, two bytes of the payload's length, the
/// payload. The first byte chooses the path and the pieces. Its highest bit leaves the bytes as they are.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzAmazon(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let body = input[0] >= 128 ? Array(input[1...]) : messages(input[1...])
    let path = input[0] & 1 == 0 ? "/model/x/converse-stream" : "/model/x/invoke-with-response-stream"
    let route = Route(method: "POST", path: path, query: nil, hint: .auto)
    let whole = read(body, route, piece: .max)
    precondition(read(body, route, piece: 1) == whole, "byte by byte is not the whole")
    precondition(read(body, route, piece: 1 + Int(input[0] >> 1) % 32) == whole, "the pieces are not the whole")
    return 0
}

private func messages(_ script: ArraySlice<UInt8>) -> [UInt8] {
    var rest = script
    var out: [UInt8] = []
    func take(_ count: Int) -> [UInt8] {
        defer { rest = rest.dropFirst(count) }
        return Array(rest.prefix(count))
    }
    while rest.count > 3 {
        let type = take(Int(take(1)[0]) & 31)
        let length = take(2)
        guard length.count == 2 else { break }
        let payload = take(Int(length[0]) << 8 | Int(length[1]))
        // Types that end in `n` are exceptions.
        let kind = type.last == UInt8(ascii: "n") ? "exception" : "event"
        let headers = header(":message-type", Array(kind.utf8)) + header(":event-type", type)
        let prelude = word(UInt32(16 + headers.count + payload.count)) + word(UInt32(headers.count))
        let message = prelude + word(checksum(prelude)) + headers + payload
        out += message + word(checksum(message))
    }
    return out
}

private func header(_ name: String, _ value: [UInt8]) -> [UInt8] {
    [UInt8(name.utf8.count)] + name.utf8 + [7, UInt8(value.count >> 8), UInt8(value.count & 0xFF)] + value
}

private func word(_ value: UInt32) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }

private func checksum(_ bytes: [UInt8]) -> UInt32 {
    var crc: UInt32 = .max
    for byte in bytes {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
    }
    return ~crc
}

private func read(_ body: [UInt8], _ route: Route, piece: Int) -> ResponseFacts {
    var meter = ResponseMeter(
        route: route,
        request: RequestFacts(),
        status: 200,
        contentType: "application/vnd.amazon.eventstream",
        contentEncoding: nil,
        hidesUsageChunk: false
    )
    var index = 0
    while index < body.count {
        let end = piece >= body.count - index ? body.count : index + piece
        _ = Array(body[index..<end]).withUnsafeBytes { meter.consume($0) }
        index = end
    }
    precondition(meter.footprint < 8 << 20)
    return meter.finish(.complete)
}
