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

    @Test(arguments: [
        "dear reader: no\n\n", "error", "1\n00:00:00,000 --> 00:00:01,000\nhi\n", "WEBVTT\n\n", "re:\r\rx",
    ])
    func plainTextIsNoStream(_ body: String) {
        for step in [1, 3, body.utf8.count] {
            let fixture = Fixture(name: "", path: "/v1/audio/transcriptions", contentType: "text/plain", body: body)
            var meter = fixture.meter()
            feed(&meter, fixture.bytes, cuts: Array(stride(from: step, to: fixture.bytes.count, by: step)))
            let isStream = meter.isStream
            #expect(!isStream)
            let facts = meter.finish(.complete)
            #expect(facts == ResponseFacts())
        }
    }

    @Test(arguments: ["data: {\"usage\":{\"prompt_tokens\":1}}\n\n", ":x\ndata:{\"usage\":{\"prompt_tokens\":1}}\r\r"])
    func eventsOfNoStatedTypeAreAStream(_ body: String) {
        let fixture = Fixture(name: "", path: "/v1/chat/completions", contentType: "text/plain", body: body)
        for cut in 0..<fixture.bytes.count {
            var meter = fixture.meter()
            feed(&meter, fixture.bytes, cuts: [cut])
            let isStream = meter.isStream
            #expect(isStream)
            #expect(meter.finish(.complete).usage.counts.total(.input) == 1)
        }
    }

    @Test func aDamagedMessageEndsTheReading() {
        let fixture = Fixture.converseStream
        for index in stride(from: 0, to: fixture.bytes.count, by: 3) {
            var damaged = fixture
            var bytes = fixture.bytes
            bytes[index] ^= 0x10
            damaged.binary = bytes
            let facts = damaged.facts()
            #expect(facts.usage.source == .none, "byte \(index)")
            #expect(facts.unreadable, "byte \(index)")
        }
    }

    @Test func anExceptionAfterTheAnswerBegan() {
        var fixture = Fixture.converseStream
        fixture.binary =
            fixture.bytes + Fixture.amazonMessage("throttlingException", #"{"message":"slow down"}"#, kind: "exception")
        let facts = fixture.facts()
        #expect(facts.failedInside)
        #expect(!facts.usage.complete)
        #expect(facts.usage.counts.total(.output) == 12)
    }

    @Test func linesOfAMegabyte() {
        let pad = String(repeating: "x\\\" {[", count: 200_000)
        for ending in ["\n\n", "\r\n\r\n", "\r\r"] {
            var fixture = Fixture.chatStream
            fixture.body = [
                #"data: {"choices":[{"delta":{"content":"\#(pad)"}}],"usage":null}"#,
                #"data: {"choices":[],"x":"\#(pad)","usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}"#,
                "data: [DONE]", "",
            ].joined(separator: ending)
            let length = fixture.bytes.count
            for seed in 0..<3 {
                let facts = fixture.facts(cuts: randomCuts(400, of: length, seed: UInt64(seed)))
                #expect(facts.usage.counts.total(.input) == 9)
                #expect(facts.sawTerminal)
            }
        }
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
