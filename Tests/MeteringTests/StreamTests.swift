import Accounting
import Metering
import Testing

@Suite("Streams: terminal events, hidden chunks, errors")
struct StreamTests {
    /// What the client would get, and where the terminal event begins.
    private func replay(_ fixture: Fixture, hides: Bool, cuts: [Int]) -> (client: String, terminal: UInt64?) {
        var meter = fixture.meter(hides: hides)
        let body = fixture.bytes
        let verdicts = feed(&meter, body, cuts: cuts)
        var visible = [Bool](repeating: true, count: body.count)
        var decided: UInt64 = 0
        for verdict in verdicts {
            #expect(verdict.decided >= decided)
            if let dropped = verdict.dropped {
                #expect(dropped.lowerBound >= decided)
                #expect(dropped.upperBound <= verdict.decided)
                for index in dropped { visible[Int(index)] = false }
            }
            decided = verdict.decided
        }
        _ = meter.finish(.complete)
        let client = zip(body, visible).filter(\.1).map(\.0)
        return (String(decoding: client, as: UTF8.self), verdicts.last?.terminal)
    }

    private static let lineEnds = ["\n", "\r\n", "\r"]

    @Test(arguments: lineEnds)
    func usageChunkIsHiddenAtEveryCut(_ lineEnd: String) {
        var fixture = Fixture.chatStream
        fixture.body = fixture.body.split(separator: "\n", omittingEmptySubsequences: false).joined(separator: lineEnd)
        let blocks = fixture.body.components(of: lineEnd + lineEnd)
        let wanted = blocks.filter { !$0.contains("\"choices\":[]") }.joined(separator: lineEnd + lineEnd)
        let terminal = UInt64(fixture.body.utf8.count - "data: [DONE]".utf8.count - 2 * lineEnd.utf8.count)
        let length = fixture.bytes.count
        for cut in 0..<length {
            let result = replay(fixture, hides: true, cuts: [cut])
            #expect(result.client == wanted, "cut at \(cut)")
            #expect(result.terminal == terminal, "cut at \(cut)")
        }
        #expect(replay(fixture, hides: true, cuts: Array(1..<length)).client == wanted)
        #expect(replay(fixture, hides: false, cuts: Array(1..<length)).client == fixture.body)
    }

    @Test(
        arguments: [Fixture.chatStream, .messageStream, .geminiStream]
            + Fixture.streams.filter { $0.name == "ollama lines" }
    )
    func terminalIsTheSameAtEveryCut(_ fixture: Fixture) {
        let whole = replay(fixture, hides: false, cuts: []).terminal
        #expect(whole != nil)
        for cut in 1..<fixture.bytes.count {
            #expect(replay(fixture, hides: false, cuts: [cut]).terminal == whole, "cut at \(cut)")
        }
    }

    @Test func terminalOffsetsPointAtTheEvent() throws {
        for (fixture, mark) in [
            (Fixture.messageStream, "event: message_stop"),
            (.geminiStream, "{\"candidates\":[{\"content\":{\"parts\":[{\"text\":\"z\""),
        ] {
            let terminal = try #require(replay(fixture, hides: false, cuts: []).terminal)
            let tail = String(decoding: fixture.bytes[Int(terminal)...], as: UTF8.self)
            #expect(tail.hasPrefix(mark))
        }
    }

    @Test func longEventsAreNotHeldBack() {
        var meter = Fixture.chatStream.meter(hides: true)
        let head = Array("data: {\"choices\":[],\"pad\":\"".utf8)
        let pad = [UInt8](repeating: 0x61, count: 70_000)
        let first = head.withUnsafeBytes { meter.consume($0) }
        #expect(first.decided == 0)
        let second = pad.withUnsafeBytes { meter.consume($0) }
        #expect(second.decided == UInt64(head.count + pad.count))
        let third = Array("\",\"usage\":{\"prompt_tokens\":1,\"completion_tokens\":1,\"total_tokens\":2}}\n\n".utf8)
            .withUnsafeBytes {
                meter.consume($0)
            }
        #expect(third.dropped == nil)
        #expect(meter.finish(.complete).usage.counts.total(.input) == 1)
    }

    @Test func errorEventInsideAnOkAnswer() {
        var fixture = Fixture.messageStream
        let start = fixture.body.components(of: "event: message_delta")[0]
        fixture.body =
            start
            + "event: error\ndata: {\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n"
        let facts = fixture.facts()
        #expect(facts.failedInside)
        #expect(!facts.usage.complete)
        #expect(facts.usage.source == .streamPartial)
        #expect(facts.usage.counts.total(.input) == 40)
    }

    @Test func cutMessageStreamIsALowerBound() {
        var fixture = Fixture.messageStream
        fixture.body = fixture.body.components(of: "event: message_stop")[0]
        let facts = fixture.facts(ending: .cut)
        #expect(facts.usage.source == .streamPartial)
        #expect(!facts.sawTerminal)
        #expect(facts.usage.counts.total(.output) == 15)
    }

    @Test(arguments: ["data: {\"usage\":{\"prompt_tokens\":1,\n\n", "data: nonsense\n\n", "data: {]}\n\n"])
    func brokenEventsAreUnreadable(_ body: String) {
        let fixture = Fixture(name: "", path: "/v1/chat/completions", contentType: Fixture.events, body: body)
        let facts = fixture.facts()
        #expect(facts.unreadable)
        #expect(facts.usage.source == .none)
    }

    @Test(arguments: ["{\"usage\":{\"prompt_tokens\":1", "garbage", "{\"a\" 1}", "{\"a\":1]"])
    func brokenBodiesAreUnreadable(_ body: String) {
        let facts = Fixture(name: "", path: "/v1/chat/completions", body: body).facts()
        #expect(facts.unreadable)
        #expect(facts.usage.source == .none)
    }

    @Test func errorsAndCountsHaveNoUsage() {
        let counted = Fixture(name: "", path: "/v1/messages/count_tokens", body: #"{"input_tokens":14}"#)
        #expect(counted.route.operation == .countTokens)
        #expect(counted.facts().usage.source == .none)
        var meter = ResponseMeter(
            route: counted.route,
            request: RequestFacts(),
            status: 429,
            contentType: "application/json",
            contentEncoding: nil,
            hidesUsageChunk: false
        )
        feed(&meter, Array(#"{"error":{"message":"x"},"usage":{"prompt_tokens":1}}"#.utf8), cuts: [])
        #expect(meter.finish(.complete).usage.source == .none)
    }
}

extension String {
    /// The parts between occurrences of a separator, compared by bytes.
    func components(of separator: String) -> [String] {
        var parts: [[UInt8]] = [[]]
        let bytes = Array(utf8)
        let mark = Array(separator.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index...].starts(with: mark) {
                parts.append([])
                index += mark.count
            } else {
                parts[parts.count - 1].append(bytes[index])
                index += 1
            }
        }
        return parts.map { String(decoding: $0, as: UTF8.self) }
    }
}
