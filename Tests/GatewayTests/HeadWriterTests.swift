import Events
import Gateway
import NIOCore
import Testing

@Suite("Heads that are sent on")
struct HeadWriterTests {
    private func head(_ text: String, _ kind: HeadParser.Kind) throws -> MessageHead {
        var parser = HeadParser(kind, limit: 8192)
        var buffer = ByteBuffer(string: text)
        return try #require(try parser.next(&buffer))
    }

    private func request(_ text: String, _ changes: HeadWriter.RequestChanges) throws -> String {
        var out = ByteBuffer()
        // A host is a must, and is never passed on.
        let line = "HTTP/1.1\r\n"
        let whole =
            text.contains("Host:") ? text : text.replacing(line, with: line + "Host: me\r\n", maxReplacements: 1)
        HeadWriter.writeRequest(try head(whole, .request), changes, into: &out)
        return String(buffer: out)
    }

    private func changes(
        credential: (place: HeadWriter.CredentialPlace, secret: String)? = nil,
        dropped: [KnownHeader] = [],
        coding: HeadWriter.Coding = .readable
    ) -> HeadWriter.RequestChanges {
        HeadWriter.RequestChanges(
            basePath: "/v1",
            path: "/x",
            query: nil,
            authority: "up.example",
            credential: credential,
            droppedCredentials: dropped,
            coding: coding,
            contentLength: 2
        )
    }

    @Test("Lines that concern nobody here pass byte for byte, in order and as often as they came")
    func transparent() throws {
        let sent = try request(
            "POST /old HTTP/1.1\r\nHost: me\r\nX-A:  1\r\nx-a: 2\r\nContent-Length: 2\r\nUser-Agent: Ü/1\r\n\r\n",
            changes()
        )
        #expect(
            sent == "POST /v1/x HTTP/1.1\r\nhost: up.example\r\nX-A:  1\r\nx-a: 2\r\nUser-Agent: Ü/1\r\n"
                + "content-length: 2\r\n\r\n"
        )
    }

    @Test("Hop-by-hop fields, those that connection names, and ours stay here")
    func hopByHop() throws {
        let sent = try request(
            "GET / HTTP/1.1\r\nConnection: X-Mine, keep-alive\r\nx-mine: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n"
                + "Proxy-Authorization: x\r\nX-Tollgate-Error: spoof\r\nKeep: me\r\n\r\n",
            changes()
        )
        #expect(sent == "GET /v1/x HTTP/1.1\r\nhost: up.example\r\nKeep: me\r\ncontent-length: 2\r\n\r\n")
    }

    @Test("The client's credential is replaced, wherever it stood")
    func credential() throws {
        let sent = try request(
            "GET / HTTP/1.1\r\nAuthorization: Bearer mine\r\nx-api-key: mine\r\nX-Goog-Api-Key: mine\r\n\r\n",
            changes(credential: (.apiKey, "theirs"), dropped: [.authorization, .apiKey, .googleAPIKey, .azureAPIKey])
        )
        #expect(!sent.contains("mine"))
        #expect(sent.contains("x-api-key: theirs\r\n"))
    }

    @Test(
        "Only codings that metering reads are asked for",
        arguments: [
            ("gzip, deflate, br, zstd", "gzip, deflate"), ("br", "identity"), ("gzip;q=0.5, *", "gzip;q=0.5"),
        ]
    )
    func codings(asked: String, sent expected: String) throws {
        let sent = try request("GET / HTTP/1.1\r\nAccept-Encoding: \(asked)\r\n\r\n", changes())
        #expect(sent.contains("accept-encoding: \(expected)\r\n"))
    }

    @Test("An answer that has no body has no length")
    func noContent() throws {
        var out = ByteBuffer()
        HeadWriter.writeResponse(
            try head("HTTP/1.1 204 No Content\r\nA: b\r\nContent-Length: 5\r\n\r\n", .response),
            framing: .asReceived,
            requestID: RequestID(high: 1, low: 2),
            keepsAlive: true,
            clientMinor: 1,
            into: &out
        )
        #expect(!String(buffer: out).lowercased().contains("content-length"))
    }

    @Test("An answer keeps its lines; the framing is the client's")
    func response() throws {
        var out = ByteBuffer()
        HeadWriter.writeResponse(
            try head(
                "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nset-cookie: b\r\nTransfer-Encoding: chunked\r\n"
                    + "Connection: close\r\nx-tollgate-error: spoof\r\n\r\n",
                .response
            ),
            framing: .chunked,
            requestID: RequestID(high: 0x0192_0000_0000_7000, low: 0x8000_0000_0000_00ff),
            keepsAlive: true,
            clientMinor: 1,
            into: &out
        )
        #expect(
            String(buffer: out) == "HTTP/1.1 200 Fine\r\nSet-Cookie: a\r\nset-cookie: b\r\n"
                + "transfer-encoding: chunked\r\nx-tollgate-request-id: 01920000-0000-7000-8000-0000000000ff\r\n\r\n"
        )
    }
}
