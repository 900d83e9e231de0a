import Accounting
import Gateway
import Ledger
import Metering
import Testing

@Suite("Websocket frames")
struct FrameReaderTests {
    /// What a reader made of some bytes: messages whole, and where a close frame began and how it ended.
    private struct Reading: Equatable {
        var messages: [[UInt8]] = []
        var open: [UInt8] = []
        var closeStart: Int?
        var closeCode: UInt16??
        var isBroken = false
        var isClosed = false
    }

    private func read(_ bytes: [UInt8], cuts: [Int] = []) -> Reading {
        var reader = FrameReader()
        var reading = Reading()
        var start = 0
        for end in cuts + [bytes.count] {
            let piece = Array(bytes[start..<end])
            piece.withUnsafeBytes { raw in
                var offset = 0
                while let part = reader.next(raw, from: &offset) {
                    switch part {
                    case .message(let range, let mask, let isLast):
                        var plain = Array(raw[range])
                        if let mask {
                            plain.withUnsafeMutableBytes {
                                mask.unmask(UnsafeRawBufferPointer(rebasing: raw[range]), into: $0)
                            }
                        }
                        reading.open += plain
                        if isLast {
                            reading.messages.append(reading.open)
                            reading.open = []
                        }
                    case .closeStart(let at): reading.closeStart = start + at
                    case .closeEnd(let code): reading.closeCode = .some(code)
                    }
                }
                #expect(offset == raw.count)
            }
            start = end
        }
        reading.isBroken = reader.isBroken
        reading.isClosed = reader.isClosed
        return reading
    }

    @Test("The examples of RFC 6455 section 5.7")
    func examples() {
        let hello = Array("Hello".utf8)
        #expect(read([0x81, 0x05] + hello).messages == [hello])
        #expect(read([0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58]).messages == [hello])
        #expect(read([0x01, 0x03] + hello[..<3] + [0x80, 0x02] + hello[3...]).messages == [hello])
        #expect(read([0x89, 0x05] + hello).messages.isEmpty)
        let large = [UInt8](repeating: 7, count: 65536)
        #expect(read([0x82, 0x7E, 0x01, 0x00] + large[..<256]).messages == [Array(large[..<256])])
        #expect(read([0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0] + large).messages == [large])
    }

    @Test("Every way of cutting the bytes gives the same reading", arguments: [UInt64(1), 2, 3, 4])
    func cuts(seed: UInt64) {
        var generator = SeededGenerator(seed: seed)
        var bytes: [UInt8] = []
        for _ in 0..<6 {
            let isMasked = Bool.random(using: &generator)
            let payload = (0..<Int.random(in: 0...300, using: &generator)).map { _ in
                UInt8.random(in: 0...255, using: &generator)
            }
            let split = Int.random(in: 0...payload.count, using: &generator)
            bytes += Frames.frame(0x1, Array(payload[..<split]), final: false, masked: isMasked)
            bytes += Frames.frame(0x9, Array("ping".utf8), masked: isMasked)
            bytes += Frames.frame(0x0, Array(payload[split...]), masked: isMasked)
        }
        bytes += Frames.close(1000, masked: true) + [1, 2, 3]
        let whole = read(bytes)
        #expect(whole.messages.count == 6)
        #expect(whole.isClosed)
        #expect(whole.closeCode == .some(1000))
        #expect(whole.closeStart == bytes.count - 11)
        for cut in 0...bytes.count { #expect(read(bytes, cuts: [cut]) == whole) }
        #expect(read(bytes, cuts: Array(1..<bytes.count)) == whole)
    }

    @Test("An empty close frame states no code, and nothing after it is read")
    func emptyClose() {
        let reading = read([0x88, 0x00] + Frames.frame(0x1, [65]))
        #expect(reading.closeCode == .some(nil))
        #expect(reading.closeStart == 0)
        #expect(reading.messages.isEmpty)
    }

    @Test(
        "A breach of the protocol ends the reading",
        arguments: [
            [0xC1, 0x00],  // a compressed message
            [0x80, 0x00],  // a continuation of nothing
            [0x01, 0x00, 0x81, 0x00],  // a message within a message
            [0x09, 0x00],  // a fragmented ping
            [0x88, 0x7E, 0x01, 0x00],  // a close frame over 125 bytes
            [0x83, 0x00],  // an unknown kind
            [0x82, 0x7F, 0x80, 0, 0, 0, 0, 0, 0, 0],  // a length with its highest bit set
        ] as [[UInt8]]
    )
    func breaches(bytes: [UInt8]) {
        let reading = read(bytes + Frames.frame(0x1, [65]))
        #expect(reading.isBroken)
        #expect(reading.messages.filter { !$0.isEmpty }.isEmpty)
        #expect(!reading.isClosed)
    }

    @Test("A frame that claims nearly all of 63 bits is read for as long as bytes come")
    func hugeFrame() {
        let reading = read([0x82, 0x7F, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 1, 2, 3])
        #expect(reading.open == [1, 2, 3])
        #expect(!reading.isBroken)
    }

    @Test("Sums the turns of both directions' frames, masked and cut anywhere")
    func session() {
        let client = Frames.frame(
            0x1,
            Array(#"{"type":"session.update","session":{"model":"gpt-realtime"}}"#.utf8),
            masked: true
        )
        let turn =
            #"{"type":"response.done","response":{"id":"r","usage":{"total_tokens":9,"input_tokens":5,"output_tokens":4}}}"#
        let server = Frames.frame(0x1, Array(turn.utf8)) + Frames.frame(0x1, Array(turn.utf8)) + Frames.close(1000)
        for size in [1, 7, 64, 4096] {
            var reader = SessionReader()
            var closes = 0
            for start in stride(from: 0, to: client.count, by: size) {
                Array(client[start..<min(start + size, client.count)]).withUnsafeBytes { reader.read(client: $0) }
            }
            for start in stride(from: 0, to: server.count, by: size) {
                let piece = Array(server[start..<min(start + size, server.count)])
                if piece.withUnsafeBytes({ reader.read(server: $0) }) != nil { closes += 1 }
            }
            #expect(closes == 1)
            let (serverHasClosed, clientHasClosed, code) =
                (reader.serverHasClosed, reader.clientHasClosed, reader.serverCode)
            #expect(serverHasClosed)
            #expect(!clientHasClosed)
            #expect(code == 1000)
            let facts = reader.finish()
            #expect(facts.turns == 2)
            #expect(facts.modelRequested == "gpt-realtime")
            #expect(facts.answer.usage.counts.total(.input) == 10)
            #expect(facts.answer.usage.counts.total(.output) == 8)
            #expect(facts.answer.usage.complete)
        }
    }
}

/// Websocket frames as a peer would write them.
enum Frames {
    /// One frame; masks are made of the payload's length, so that they differ.
    static func frame(_ opcode: UInt8, _ payload: [UInt8], final: Bool = true, masked: Bool = false) -> [UInt8] {
        var bytes = [opcode | (final ? 0x80 : 0)]
        let flag: UInt8 = masked ? 0x80 : 0
        switch payload.count {
        case ..<126: bytes.append(flag | UInt8(payload.count))
        case ..<65536:
            bytes.append(flag | 126)
            bytes += [UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default:
            bytes.append(flag | 127)
            bytes += (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        guard masked else { return bytes + payload }
        let mask = (0..<4).map { UInt8(truncatingIfNeeded: payload.count &* 31 &+ $0 &* 77 &+ 5) }
        return bytes + mask + payload.enumerated().map { $0.element ^ mask[$0.offset % 4] }
    }

    static func text(_ text: String, masked: Bool = false) -> [UInt8] { frame(0x1, Array(text.utf8), masked: masked) }

    static func close(_ code: UInt16, masked: Bool = false) -> [UInt8] {
        frame(0x8, [UInt8(code >> 8), UInt8(code & 0xFF)], masked: masked)
    }
}
