import Accounting
import Metering
import Testing

@Suite("Websocket sessions")
struct SessionTests {
    private enum Side { case client, server }

    private func facts(_ messages: [(Side, String)], pieces: Int = .max) -> SessionFacts {
        var meter = SessionMeter()
        for (side, message) in messages {
            let bytes = Array(message.utf8)
            var start = 0
            repeat {
                let end = min(bytes.count, start + min(pieces, bytes.count))
                Array(bytes[start..<end]).withUnsafeBytes { piece in
                    let isLast = end == bytes.count
                    switch side {
                    case .client: meter.consume(clientMessage: piece, final: isLast)
                    case .server: meter.consume(serverMessage: piece, final: isLast)
                    }
                }
                start = end
            } while start < bytes.count
        }
        return meter.finish()
    }

    private static let realtime: [(Side, String)] = [
        (
            .server,
            #"{"type":"session.created","session":{"model":"gpt-realtime-x","audio":{"input":{"transcription":{"model":"whisper-x"}}}}}"#
        ),
        (.client, #"{"type":"response.create","response":{"instructions":"{\"usage\":1}"}}"#),
        (.server, #"{"type":"response.created","response":{"id":"r1","usage":null}}"#),
        (.server, #"{"type":"response.output_audio.delta","delta":"AAAA"}"#),
        (
            .server,
            #"{"type":"response.done","response":{"id":"r1","status":"completed","output":[{"type":"message"}],"usage":{"total_tokens":253,"input_tokens":132,"output_tokens":121,"input_token_details":{"text_tokens":119,"audio_tokens":13,"image_tokens":0,"cached_tokens":64,"cached_tokens_details":{"text_tokens":60,"audio_tokens":4,"image_tokens":0}},"output_token_details":{"text_tokens":30,"audio_tokens":91}}}}"#
        ),
        (
            .server,
            #"{"type":"conversation.item.input_audio_transcription.completed","transcript":"x","usage":{"type":"tokens","total_tokens":26,"input_tokens":17,"input_token_details":{"text_tokens":0,"audio_tokens":17},"output_tokens":9}}"#
        ),
        (.server, #"{"type":"response.created","response":{"id":"r2","usage":null}}"#),
        (
            .server,
            #"{"type":"response.done","response":{"id":"r2","usage":{"total_tokens":300,"input_tokens":260,"output_tokens":40,"output_token_details":{"text_tokens":40,"audio_tokens":0}}}}"#
        ),
    ]

    @Test(arguments: [Int.max, 1, 3, 17])
    func realtimeTurnsAreSummed(_ pieces: Int) {
        let found = facts(Self.realtime, pieces: pieces)
        let usage = found.answer.usage
        #expect(found.turns == 2)
        #expect(usage.source == .stream)
        #expect(usage.complete)
        #expect(usage.counts.total(.input) == 392)
        #expect(usage.counts.total(.output) == 161)
        #expect(usage.counts.cacheRead == 64)
        #expect(usage.counts[.cacheReadAudio] == 4)
        #expect(usage.counts[.inputAudio] == 9)
        #expect(usage.counts[.outputAudio] == 91)
        #expect(usage.reportedTotal == 553)
        #expect(found.answer.model == "gpt-realtime-x")
        #expect(found.answer.responseID == "r2")
        #expect(usage.additional.map(\.model) == ["whisper-x"])
        #expect(usage.additional.first?.counts.total(.input) == 17)
        #expect(usage.additional.first?.counts[.inputAudio] == 17)
        #expect(usage.additional.first?.counts.total(.output) == 9)
        #expect(found.answer.anomalies == 0)
        let raw = String(decoding: usage.raw, as: UTF8.self)
        #expect(raw.hasPrefix(#"[{"total_tokens":253"#))
        #expect(raw.hasSuffix("}]"))
    }

    @Test func usageBesideTheResponse() {
        let usage = facts([
            (
                .server,
                #"{"type":"response.done","response":{"usage":{}},"usage":{"input_tokens":10,"output_tokens":5,"total_tokens":15,"billable_audio_seconds":1.5}}"#
            )
        ]).answer.usage
        #expect(usage.counts.total(.input) == 10)
        #expect(usage.counts[.audioInputMilliseconds] == 1500)
    }

    @Test(arguments: [Int.max, 1])
    func responsesOverAWebsocket(_ pieces: Int) {
        let found = facts(
            [
                (.client, #"{"type":"response.create","model":"gpt-x","input":"hi"}"#),
                (.server, #"{"type":"response.created","response":{"id":"a","model":"gpt-x-1","usage":null}}"#),
                (
                    .server,
                    #"{"type":"response.completed","response":{"id":"a","model":"gpt-x-1","service_tier":"flex","output":[{"type":"web_search_call"}],"usage":{"input_tokens":12,"output_tokens":5,"total_tokens":17}}}"#
                ),
                (
                    .server,
                    #"{"type":"response.incomplete","response":{"id":"b","model":"gpt-x-1","usage":{"input_tokens":20,"output_tokens":1,"total_tokens":21}}}"#
                ),
            ],
            pieces: pieces
        )
        #expect(found.turns == 2)
        #expect(found.modelRequested == "gpt-x")
        #expect(found.answer.model == "gpt-x-1")
        #expect(found.answer.usage.serviceTier == "flex")
        #expect(found.answer.usage.counts.total(.input) == 32)
        #expect(found.answer.usage.counts.total(.output) == 6)
        #expect(found.answer.usage.counts[.webSearches] == 1)
    }

    private static let live: [(Side, String)] = [
        (.client, #"{"setup":{"model":"models/gemini-live-x"}}"#),
        (.server, #"{"setupComplete":{}}"#),
        (.server, #"{"serverContent":{"modelTurn":{"parts":[{"inlineData":{"data":"AAAA"}}]}}}"#),
        (
            .server,
            #"{"usageMetadata":{"promptTokenCount":100,"responseTokenCount":20,"totalTokenCount":120,"responseTokensDetails":[{"modality":"AUDIO","tokenCount":20}]}}"#
        ),
        (
            .server,
            #"{"serverContent":{"turnComplete":true},"usageMetadata":{"promptTokenCount":100,"responseTokenCount":35,"totalTokenCount":135,"promptTokensDetails":[{"modality":"TEXT","tokenCount":100}],"responseTokensDetails":[{"modality":"AUDIO","tokenCount":35}]}}"#
        ),
        (.server, #"{"serverContent":{"modelTurn":{"parts":[{"text":"x"}]}}}"#),
        (.server, #"{"serverContent":{"turnComplete":true}}"#),
        (
            .server, #"{"usageMetadata":{"promptTokenCount":150,"responseTokenCount":10,"totalTokenCount":160}}"#
        ),
    ]

    @Test(arguments: [Int.max, 1, 5])
    func liveTurnsAreSummed(_ pieces: Int) {
        let found = facts(Self.live, pieces: pieces)
        #expect(found.turns == 2)
        #expect(found.modelRequested == "models/gemini-live-x")
        #expect(found.answer.usage.complete)
        #expect(found.answer.usage.counts.total(.input) == 250)
        #expect(found.answer.usage.counts.total(.output) == 45)
        #expect(found.answer.usage.counts[.outputAudio] == 35)
        #expect(found.answer.usage.reportedTotal == 295)
    }

    @Test func aTurnUnderWayMakesTheSumALowerBound() {
        let found = facts(Array(Self.realtime.prefix(7)))
        #expect(found.turns == 1)
        #expect(found.answer.usage.source == .streamPartial)
        #expect(!found.answer.usage.complete)
        #expect(facts(Array(Self.live.prefix(4))).answer.usage.source == .streamPartial)
    }

    @Test func whatSaysNothingIsNone() {
        let found = facts([(.server, "{not json"), (.client, "{"), (.server, #"{"type":"error","error":{}}"#)])
        #expect(found.answer.usage == Usage())
        #expect(found.answer.unreadable)
        #expect(found.answer.failedInside)
        #expect(facts([]) == SessionFacts())
    }

    @Test func longSessionsStayExactAndSmall() {
        let turn: (Side, String) = (
            .server,
            #"{"type":"response.done","response":{"id":"r","usage":{"total_tokens":3,"input_tokens":2,"output_tokens":1}}}"#
        )
        let found = facts(Array(repeating: turn, count: 5_000))
        #expect(found.turns == 5_000)
        #expect(found.answer.usage.counts.total(.input) == 10_000)
        #expect(found.answer.usage.raw.isEmpty)
    }
}
