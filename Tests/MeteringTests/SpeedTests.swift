import Foundation
import Metering
import Testing

/// Prints what metering costs. Figures vary with the machine, so nothing is asserted; run it in release configuration:
/// `TOLLGATE_BENCH=1 swift test -c release --filter SpeedTests`.
@Suite(
    "What metering costs",
    .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["TOLLGATE_BENCH"] != nil, "TOLLGATE_BENCH is not set")
)
struct SpeedTests {
    private static let route = Route(method: "POST", path: "/v1/chat/completions", query: nil, hint: .openai)
    private static let rounds = 200_000

    /// CPU time of this thread for each call, in nanoseconds.
    private func measure(_ name: String, _ body: () -> Void) {
        for _ in 0..<Self.rounds / 10 { body() }
        var start = timespec()
        var end = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
        for _ in 0..<Self.rounds { body() }
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
        let seconds = Double(end.tv_sec - start.tv_sec) + Double(end.tv_nsec - start.tv_nsec) * 1e-9
        print(name, String(format: "%.0f ns", seconds * 1e9 / Double(Self.rounds)))
    }

    private func answer(words: Int) -> [UInt8] {
        let text = String(repeating: "word and more, \\n", count: words)
        return Array(
            #"{"id":"chatcmpl-0123456789","object":"chat.completion","created":1790000000,"model":"gpt-x-2026-08-06","choices":[{"index":0,"message":{"role":"assistant","content":"\#(text)","refusal":null},"logprobs":null,"finish_reason":"stop"}],"usage":{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":0,"rejected_prediction_tokens":0}},"service_tier":"default","system_fingerprint":"fp_0123456789"}"#
                .utf8
        )
    }

    private func meter(_ contentType: String) -> ResponseMeter {
        ResponseMeter(
            route: Self.route,
            request: RequestFacts(),
            status: 200,
            contentType: contentType,
            contentEncoding: nil,
            hidesUsageChunk: contentType == Fixture.events
        )
    }

    @Test(arguments: [25, 110])
    func plainAnswer(_ words: Int) {
        let body = answer(words: words)
        measure("answer of \(body.count) bytes, from head to facts") {
            var meter = meter("application/json")
            body.withUnsafeBytes { _ = meter.consume($0) }
            _ = meter.finish(.complete)
        }
        measure("answer of \(body.count) bytes, its bytes alone") {
            var scanner = AnswerScanner()
            body.withUnsafeBytes { _ = scanner.consume($0) }
        }
    }

    @Test func streamChunk() {
        let chunk = Array(
            "data: {\"id\":\"chatcmpl-0123456789\",\"object\":\"chat.completion.chunk\",\"created\":1790000000,\"model\":\"gpt-x\",\"choices\":[{\"index\":0,\"delta\":{\"content\":\" word\"},\"finish_reason\":null}]}\n\n"
                .utf8
        )
        var meter = meter(Fixture.events)
        measure("chunk of \(chunk.count) bytes") { chunk.withUnsafeBytes { _ = meter.consume($0) } }
        _ = meter.finish(.complete)
    }

    @Test func request() {
        let body = Array(
            #"{"model":"gpt-x","messages":[{"role":"user","content":"\#(String(repeating: "Hello. ", count: 40))"}]}"#
                .utf8
        )
        measure("request of \(body.count) bytes") {
            _ = body.withUnsafeBytes { RequestFacts(scanning: $0, route: Self.route, contentType: "application/json") }
        }
    }
}
