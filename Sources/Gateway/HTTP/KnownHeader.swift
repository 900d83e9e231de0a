/// Header fields that the gateway acts on; every other field passes as it is.
package enum KnownHeader: UInt8, Sendable {
    case other
    case host
    case connection
    /// `keep-alive`, `proxy-connection`, `proxy-authenticate`, `proxy-authorization`, `te`, `trailer`, `upgrade`:
    /// for one hop only (RFC 9110 section 7.6.1).
    case hopByHop
    case transferEncoding
    case contentLength
    case contentType
    case contentEncoding
    case acceptEncoding
    case authorization
    case apiKey
    case googleAPIKey
    case azureAPIKey
    case expect
    case retryAfter
    case webSocketProtocol
    case webSocketExtensions
    /// `x-amzn-bedrock-*`, some of which carry token counts.
    case bedrock
    /// `x-tollgate-*`, which only this gateway may set.
    case tollgate

    /// Recognises a field name in any case.
    package init(name: UnsafeRawBufferPointer) {
        switch name.count {
        case 2 where name.equalsLowercase("te"): self = .hopByHop
        case 4 where name.equalsLowercase("host"): self = .host
        case 6 where name.equalsLowercase("expect"): self = .expect
        case 7 where name.equalsLowercase("trailer"), 7 where name.equalsLowercase("upgrade"): self = .hopByHop
        case 7 where name.equalsLowercase("api-key"): self = .azureAPIKey
        case 9 where name.equalsLowercase("x-api-key"): self = .apiKey
        case 10 where name.equalsLowercase("connection"): self = .connection
        case 10 where name.equalsLowercase("keep-alive"): self = .hopByHop
        case 11 where name.equalsLowercase("retry-after"): self = .retryAfter
        case 12 where name.equalsLowercase("content-type"): self = .contentType
        case 13 where name.equalsLowercase("authorization"): self = .authorization
        case 14 where name.equalsLowercase("content-length"): self = .contentLength
        case 14 where name.equalsLowercase("x-goog-api-key"): self = .googleAPIKey
        case 15 where name.equalsLowercase("accept-encoding"): self = .acceptEncoding
        case 16 where name.equalsLowercase("content-encoding"): self = .contentEncoding
        case 16 where name.equalsLowercase("proxy-connection"): self = .hopByHop
        case 17 where name.equalsLowercase("transfer-encoding"): self = .transferEncoding
        case 18 where name.equalsLowercase("proxy-authenticate"): self = .hopByHop
        case 19 where name.equalsLowercase("proxy-authorization"): self = .hopByHop
        case 22 where name.equalsLowercase("sec-websocket-protocol"): self = .webSocketProtocol
        case 24 where name.equalsLowercase("sec-websocket-extensions"): self = .webSocketExtensions
        case 11... where name.prefix(11).equalsLowercase("x-tollgate-"): self = .tollgate
        case 15... where name.prefix(15).equalsLowercase("x-amzn-bedrock-"): self = .bedrock
        default: self = .other
        }
    }
}

extension UnsafeRawBufferPointer {
    /// Whether the bytes, with ASCII letters lowered, are those of a lower-case literal of the same length.
    @inline(__always)
    package func equalsLowercase(_ literal: StaticString) -> Bool {
        guard count == literal.utf8CodeUnitCount else { return false }
        let expected = literal.utf8Start
        for index in 0..<count {
            let byte = self[index]
            let lowered = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if lowered != expected[index] { return false }
        }
        return true
    }

    /// The bytes of a range as a pointer of their own.
    @inline(__always)
    package func prefix(_ count: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: self[0..<Swift.min(count, self.count)])
    }
}
