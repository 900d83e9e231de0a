import Gateway
import Ledger
import NIOCore
import Testing

@Suite("Heads of messages")
struct HeadParserTests {
    private func parse(_ text: String, _ kind: HeadParser.Kind = .request) throws -> MessageHead? {
        var parser = HeadParser(kind, limit: 8192)
        var buffer = ByteBuffer(string: text)
        return try parser.next(&buffer)
    }

    @Test("A request is found at every cut of its bytes")
    func everyCut() throws {
        let text = "POST /proxy/a/v1?x=1 HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nX-Odd:  two words \r\n\r\nhello"
        let bytes = Array(text.utf8)
        for cut in 0...bytes.count {
            var parser = HeadParser(.request, limit: 8192)
            var buffer = ByteBuffer(bytes: bytes[..<cut])
            var head = try parser.next(&buffer)
            if head == nil {
                buffer.writeBytes(bytes[cut...])
                head = try parser.next(&buffer)
            } else {
                buffer.writeBytes(bytes[cut...])
            }
            let found = try #require(head)
            #expect(found.text(found.first) == "POST")
            #expect(found.text(found.second) == "/proxy/a/v1?x=1")
            #expect(found.framing == .length(5))
            #expect(found.fields.map { found.text($0.value) } == ["h", "5", "two words"])
            #expect(buffer.getString(at: buffer.readerIndex, length: buffer.readableBytes) == "hello")
        }
    }

    @Test(
        "What two parsers could read differently is refused",
        arguments: [
            "GET / HTTP/1.1\nHost: h\n\n",
            "GET / HTTP/1.1\r\nHost : h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\n Folded: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\n c\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 99999999999999999999\r\n\r\n",
            "GET /a b HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / HTTP/2.0\r\n\r\n",
            "GET  / HTTP/1.1\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\u{01}c\r\n\r\n",
            "GET / HTTP/1.1\r\nA: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: h\r\nA: b\nB: c\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 1, 1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \u{0B}chunked\r\n\r\n",
            "G@T / HTTP/1.1\r\nHost: h\r\n\r\n",
        ]
    )
    func refused(text: String) {
        #expect(throws: HeadError.self) { try parse(text) }
    }

    @Test("A head longer than the limit is refused, complete or not")
    func tooLong() {
        let value = String(repeating: "a", count: 9000)
        #expect(throws: HeadError.tooLong) { try parse("GET / HTTP/1.1\r\nA: \(value)\r\n\r\n") }
        #expect(throws: HeadError.tooLong) { try parse("GET / HTTP/1.1\r\nA: \(value)") }
    }

    @Test(
        "Answers are framed as RFC 9112 section 6.3 says",
        arguments: [
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n", BodyFraming.length(3), true),
            ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", .chunked, true),
            ("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n", .untilClose, false),
            ("HTTP/1.1 204 No Content\r\nContent-Length: 3\r\n\r\n", .none, true),
            ("HTTP/1.1 304 Not Modified\r\n\r\n", .none, true),
            ("HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n", .length(0), false),
            ("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n", .chunked, false),
            ("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n", .chunked, false),
            ("HTTP/1.1 200\r\nContent-Length: 1\r\n\r\n", .length(1), true),
        ]
    )
    func framing(text: String, framing: BodyFraming, keepsAlive: Bool) throws {
        let head = try #require(try parse(text, .response))
        #expect(head.framing == framing)
        #expect(head.keepsAlive == keepsAlive)
    }

    @Test("Empty lines before a request are passed over, however they arrive")
    func blankLines() throws {
        let bytes = Array("\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n".utf8)
        for cut in 0..<bytes.count {
            var parser = HeadParser(.request, limit: 8192)
            var buffer = ByteBuffer(bytes: bytes[..<cut])
            #expect(try parser.next(&buffer) == nil)
            buffer.writeBytes(bytes[cut...])
            #expect(try parser.next(&buffer)?.fields.count == 1, "cut at \(cut)")
        }
    }

    @Test("Random bytes never trap and never read past their end")
    func garbage() {
        var generator = SeededGenerator(seed: 7)
        for _ in 0..<5000 {
            let count = Int.random(in: 0..<200, using: &generator)
            var bytes = (0..<count).map { _ in UInt8.random(in: 0...255, using: &generator) }
            bytes += Array("\r\n\r\n".utf8)
            for kind in [HeadParser.Kind.request, .response] {
                var parser = HeadParser(kind, limit: 256)
                var buffer = ByteBuffer(bytes: bytes)
                _ = try? parser.next(&buffer)
            }
        }
    }
}
