import Gateway
import NIOCore
import Testing

@Suite("Framing of bodies")
struct BodyDecoderTests {
    private enum Ending: Equatable { case end, more, malformed }

    private func decode(_ framing: BodyFraming, _ pieces: [[UInt8]]) -> (body: String, ending: Ending, rest: Int) {
        var decoder = BodyDecoder(framing)
        var buffer = ByteBuffer()
        var body = ""
        for piece in pieces {
            buffer.writeBytes(piece)
            reading: while true {
                switch decoder.next(&buffer) {
                case .data(let data): body += String(buffer: data)
                case .needsMore: break reading
                case .end: return (body, .end, buffer.readableBytes)
                case .malformed: return (body, .malformed, 0)
                }
            }
        }
        return (body, .more, buffer.readableBytes)
    }

    @Test("Chunked bodies are the same at every cut")
    func chunked() {
        let bytes = Array("5\r\nhello\r\n1;name=value\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\nNEXT".utf8)
        for cut in 0...bytes.count {
            let result = decode(.chunked, [Array(bytes[..<cut]), Array(bytes[cut...])])
            #expect(result.body == "hello 0123456789")
            #expect(result.ending == .end)
        }
        let result = decode(.chunked, bytes.map { [$0] })
        #expect(result.body == "hello 0123456789")
        #expect(result.ending == .end)
    }

    @Test(
        "Broken chunks are noticed",
        arguments: [
            "x\r\n", "5\r\nhelloX\r\n", "\r\n", "FFFFFFFFFFFFFFFF\r\n", "5 5\n", "-1\r\n", "0\r\nA: b\n\r\n", "0\r\n\n",
        ]
    )
    func malformed(text: String) {
        #expect(decode(.chunked, [Array(text.utf8)]).ending == .malformed)
    }

    @Test("A body of known length ends where it says")
    func length() {
        let result = decode(.length(3), [Array("ab".utf8), Array("cNEXT".utf8)])
        #expect(result.body == "abc")
        #expect(result.ending == .end)
        #expect(result.rest == 4)
    }
}
