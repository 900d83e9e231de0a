import Events
import HTTP
import NIOCore

/// Heads of messages: found alike at every cut; and what is sent on is one request again, to the upstream's own place.
///
/// The first byte chooses the kind and the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzHead(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let kind: HeadParser.Kind = input[0] & 1 == 0 ? .request : .response
    let bytes = Array(input[1...])
    let whole = parse(bytes, kind, piece: .max)
    let pieces = parse(bytes, kind, piece: 1 + Int(input[0] >> 1) % 16)
    precondition(whole.map(describe) == pieces.map(describe), "the pieces changed the head")
    guard let head = whole else { return 0 }
    var out = ByteBuffer()
    if kind == .response {
        HeadWriter.writeResponse(
            head, framing: .chunked, requestID: RequestID(high: 1, low: 2), keepsAlive: true, clientMinor: 1, into: &out)
        precondition(reads(out, .response), "what the client gets is not one answer")
        return 0
    }
    let target = RequestTarget(head.text(head.second))
    let changes = HeadWriter.RequestChanges(
        basePath: "/base",
        path: target?.path ?? "/",
        query: target?.query,
        authority: "up.example",
        credential: (.bearer, "secret"),
        droppedCredentials: [.authorization, .apiKey, .googleAPIKey, .azureAPIKey, .webSocketProtocol],
        coding: .readable,
        contentLength: 7
    )
    HeadWriter.writeRequest(head, changes, into: &out)
    precondition(reads(out, .request), "what the upstream gets is not one request")
    return 0
}

private func reads(_ bytes: ByteBuffer, _ kind: HeadParser.Kind) -> Bool {
    var rest = bytes
    var parser = HeadParser(kind, limit: 1 << 24)
    do {
        guard let head = try parser.next(&rest), rest.readableBytes == 0 else { return false }
        if kind == .response { return head.framing == .chunked || head.framing == .none }
        return head.framing == .length(7) && head.value(.host) == "up.example"
            && head.fields.count { $0.known == .authorization } == 1
    } catch HeadError.tooLong {
        // A field more than there may be has been added.
        return true
    } catch {
        return false
    }
}

private func describe(_ head: MessageHead) -> String {
    head.fields.map { head.text($0.line) }.joined() + head.text(head.first) + head.text(head.second)
        + "\(head.status) \(head.framing) \(head.keepsAlive) \(head.opensWebSocket) \(head.acceptsWebSocket)"
}

private func parse(_ bytes: [UInt8], _ kind: HeadParser.Kind, piece: Int) -> MessageHead? {
    var parser = HeadParser(kind, limit: 1 << 20)
    var buffer = ByteBuffer()
    var index = 0
    while index < bytes.count {
        let end = piece >= bytes.count - index ? bytes.count : index + piece
        buffer.writeBytes(bytes[index..<end])
        index = end
        do {
            if let head = try parser.next(&buffer) { return head }
        } catch {
            return nil
        }
    }
    return nil
}
