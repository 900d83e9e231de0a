package import Events
package import NIOCore

/// Renders the heads that the gateway sends, passing on every line it has no reason to change as the bytes it was.
package enum HeadWriter {
    /// Where a credential goes in a request.
    package enum CredentialPlace: Equatable, Sendable {
        case bearer
        case apiKey
        case googleAPIKey
        case azureAPIKey
    }

    /// What becomes of `accept-encoding` on the way upstream.
    package enum Coding: Equatable, Sendable {
        /// Left as it is when the client named only codings that metering reads, otherwise cut down to those.
        case readable
        /// No coding at all, because the answer's bytes may have to be edited.
        case identity
    }

    /// What is put into a request's head in place of what was there.
    package struct RequestChanges: Sendable {
        /// The upstream's own path, put before the request's.
        package var basePath: String
        package var path: String
        /// The query without its question mark.
        package var query: String?
        package var authority: String
        /// A credential of the group; nil passes the client's own.
        package var credential: (place: CredentialPlace, secret: String)?
        /// The credential fields of the client that must not travel on.
        package var droppedCredentials: [KnownHeader]
        package var coding: Coding
        /// The length of the body; nil when there is none and the client gave no length.
        package var contentLength: Int?
        /// Asks for a websocket, without extensions: they change what frames mean, and then nothing could be metered.
        package var opensWebSocket = false

        package init(
            basePath: String,
            path: String,
            query: String?,
            authority: String,
            credential: (place: CredentialPlace, secret: String)?,
            droppedCredentials: [KnownHeader],
            coding: Coding,
            contentLength: Int?
        ) {
            self.basePath = basePath
            self.path = path
            self.query = query
            self.authority = authority
            self.credential = credential
            self.droppedCredentials = droppedCredentials
            self.coding = coding
            self.contentLength = contentLength
        }
    }

    /// Writes a request's head for the upstream.
    package static func writeRequest(_ head: MessageHead, _ changes: RequestChanges, into out: inout ByteBuffer) {
        var acceptEncoding: Range<Int>?
        var subprotocols: [Range<Int>] = []
        head.bytes.withUnsafeReadableBytes { bytes in
            _ = out.writeBytes(bytes[head.first])
            out.writeInteger(UInt8(ascii: " "))
            out.writeString(changes.basePath)
            out.writeString(changes.path)
            if let query = changes.query {
                out.writeInteger(UInt8(ascii: "?"))
                out.writeString(query)
            }
            out.writeStaticString(" HTTP/1.1\r\nhost: ")
            out.writeString(changes.authority)
            out.writeStaticString("\r\n")
            copyFields(head, bytes, into: &out) { field in
                switch field.known {
                case .host, .contentLength, .expect: return false
                case .authorization, .apiKey, .googleAPIKey, .azureAPIKey:
                    return !changes.droppedCredentials.contains(field.known)
                case .acceptEncoding:
                    acceptEncoding = acceptEncoding ?? field.value
                    return false
                case .webSocketExtensions: return !changes.opensWebSocket
                case .webSocketProtocol:
                    guard changes.droppedCredentials.contains(.webSocketProtocol) else { return true }
                    subprotocols.append(field.value)
                    return false
                default: return true
                }
            }
            for list in subprotocols {
                let kept = ProtocolKey.removed(from: UnsafeRawBufferPointer(rebasing: bytes[list]))
                guard !kept.isEmpty else { continue }
                out.writeStaticString("sec-websocket-protocol: ")
                out.writeString(kept)
                out.writeStaticString("\r\n")
            }
            if changes.opensWebSocket { out.writeStaticString("connection: Upgrade\r\nupgrade: websocket\r\n") }
            if changes.coding == .identity {
                if acceptEncoding != nil { out.writeStaticString("accept-encoding: identity\r\n") }
            } else if let range = acceptEncoding {
                writeReadableCodings(UnsafeRawBufferPointer(rebasing: bytes[range]), into: &out)
            }
        }
        if let credential = changes.credential {
            switch credential.place {
            case .bearer: out.writeStaticString("authorization: Bearer ")
            case .apiKey: out.writeStaticString("x-api-key: ")
            case .googleAPIKey: out.writeStaticString("x-goog-api-key: ")
            case .azureAPIKey: out.writeStaticString("api-key: ")
            }
            out.writeString(credential.secret)
            out.writeStaticString("\r\n")
        }
        if let length = changes.contentLength {
            out.writeStaticString("content-length: ")
            out.writeString(String(length))
            out.writeStaticString("\r\n")
        }
        out.writeStaticString("\r\n")
    }

    /// How an answer's body is delimited towards the client.
    package enum ResponseFraming: Equatable, Sendable {
        /// As the upstream's `content-length` says, which passes on.
        case asReceived
        case chunked
        /// By closing the connection, for HTTP/1.0 clients.
        case close
    }

    /// Writes an answer's head for the client.
    package static func writeResponse(
        _ head: MessageHead,
        framing: ResponseFraming,
        requestID: RequestID,
        keepsAlive: Bool,
        clientMinor: UInt8,
        into out: inout ByteBuffer
    ) {
        out.writeStaticString("HTTP/1.1 ")
        head.bytes.withUnsafeReadableBytes { bytes in
            out.writeString(String(head.status))
            out.writeInteger(UInt8(ascii: " "))
            _ = out.writeBytes(bytes[head.second])
            out.writeStaticString("\r\n")
            copyFields(head, bytes, into: &out) { field in
                // RFC 9110 section 8.6: a 204 has no length.
                field.known != .contentLength || framing == .asReceived && head.status != 204
            }
        }
        if framing == .chunked { out.writeStaticString("transfer-encoding: chunked\r\n") }
        finish(requestID: requestID, keepsAlive: keepsAlive, clientMinor: clientMinor, into: &out)
    }

    /// Writes the head that opens a websocket for the client.
    package static func writeWebSocket(_ head: MessageHead, requestID: RequestID, into out: inout ByteBuffer) {
        out.writeStaticString("HTTP/1.1 101 ")
        head.bytes.withUnsafeReadableBytes { bytes in
            _ = out.writeBytes(bytes[head.second])
            out.writeStaticString("\r\n")
            copyFields(head, bytes, into: &out) { _ in true }
        }
        out.writeStaticString("connection: Upgrade\r\nupgrade: websocket\r\n")
        finish(requestID: requestID, keepsAlive: true, clientMinor: 1, into: &out)
    }

    /// Writes the whole of an answer that Tollgate itself gives.
    package static func writeRefusal(
        _ refusal: Refusal,
        body: String,
        requestID: RequestID,
        keepsAlive: Bool,
        clientMinor: UInt8,
        omitsBody: Bool,
        into out: inout ByteBuffer
    ) {
        out.writeStaticString("HTTP/1.1 ")
        out.writeString(String(refusal.status))
        out.writeInteger(UInt8(ascii: " "))
        out.writeString(Refusal.reason(refusal.status))
        out.writeStaticString("\r\ncontent-type: application/json\r\ncontent-length: ")
        out.writeString(String(body.utf8.count))
        out.writeStaticString("\r\nx-tollgate-error: ")
        out.writeString(refusal.code)
        out.writeStaticString("\r\n")
        if let seconds = refusal.retryAfter {
            out.writeStaticString("retry-after: ")
            out.writeString(String(seconds))
            out.writeStaticString("\r\n")
        }
        finish(requestID: requestID, keepsAlive: keepsAlive, clientMinor: clientMinor, into: &out)
        if !omitsBody { out.writeString(body) }
    }

    private static func finish(requestID: RequestID, keepsAlive: Bool, clientMinor: UInt8, into out: inout ByteBuffer) {
        out.writeStaticString("x-tollgate-request-id: ")
        out.writeWithUnsafeMutableBytes(minimumWritableBytes: RequestID.textLength) {
            requestID.writeText(into: $0)
            return RequestID.textLength
        }
        if !keepsAlive {
            out.writeStaticString("\r\nconnection: close\r\n\r\n")
        } else if clientMinor == 0 {
            out.writeStaticString("\r\nconnection: keep-alive\r\n\r\n")
        } else {
            out.writeStaticString("\r\n\r\n")
        }
    }

    /// Copies the field lines that pass, neighbours in one go. Hop-by-hop fields and `x-tollgate-*` never pass.
    private static func copyFields(
        _ head: MessageHead,
        _ bytes: UnsafeRawBufferPointer,
        into out: inout ByteBuffer,
        passes: (MessageHead.Field) -> Bool
    ) {
        var run: Range<Int>?
        for field in head.fields {
            guard field.known == .other || travels(field, head, bytes) && passes(field),
                head.connectionOptions.isEmpty || field.known == .contentLength
                    || !head.isConnectionOption(UnsafeRawBufferPointer(rebasing: bytes[field.name]), in: bytes)
            else { continue }
            if let current = run, current.upperBound == field.line.lowerBound {
                run = current.lowerBound..<field.line.upperBound
            } else {
                if let current = run { _ = out.writeBytes(bytes[current]) }
                run = field.line
            }
        }
        if let current = run { _ = out.writeBytes(bytes[current]) }
    }

    private static func travels(_ field: MessageHead.Field, _ head: MessageHead, _ bytes: UnsafeRawBufferPointer)
        -> Bool
    {
        switch field.known {
        case .connection, .hopByHop, .transferEncoding, .tollgate: false
        default: true
        }
    }

    /// Passes on those of the named codings that metering can decode; `identity` when none is left.
    private static func writeReadableCodings(_ value: UnsafeRawBufferPointer, into out: inout ByteBuffer) {
        out.writeStaticString("accept-encoding: ")
        var isFirst = true
        ListTokens.forEach(value) { element in
            let end = element.firstIndex { $0 == UInt8(ascii: ";") || $0 == 0x20 } ?? element.count
            let name = element.prefix(end)
            guard name.equalsLowercase("gzip") || name.equalsLowercase("deflate") || name.equalsLowercase("identity")
            else { return }
            if !isFirst { out.writeStaticString(", ") }
            isFirst = false
            _ = out.writeBytes(element)
        }
        if isFirst { out.writeStaticString("identity") }
        out.writeStaticString("\r\n")
    }
}
