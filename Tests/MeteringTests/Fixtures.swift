import Accounting
import Metering

/// A hand-written answer and what it must be read as.
struct Fixture: CustomStringConvertible, Sendable {
    var name: String
    var path: String
    var contentType = "application/json"
    var body: String
    var input: Int64?
    var output: Int64?
    var cacheRead: Int64?
    var cacheWrite: Int64?
    var reasoning: Int64?
    var model: String?
    var source = Usage.Source.body
    var others: [UsageUnit: Int64] = [:]
    /// The body where it is no text.
    var binary: [UInt8]?
    var headers: [(String, String)] = []
    var tier: String?
    var cost: Int64?
    var modelAsked: String?
    /// Parts that have to be clamped, totals that do not reconcile.
    var anomalies: UInt32 = 0
    var method = "POST"
    var query: String?
    /// The input of each work that is billed beside.
    var additional: [Int64] = []
    /// False where the provider's final figure is not among the bytes, though the message is whole.
    var isComplete = true
    /// True where the answer carries an error.
    var fails = false

    var description: String { name }
    var bytes: [UInt8] { binary ?? Array(body.utf8) }
    var route: Route { Route(method: method, path: path, query: query, hint: .auto) }

    func meter(hides: Bool = false, coding: String? = nil) -> ResponseMeter {
        var request = RequestFacts()
        request.model = modelAsked
        var meter = ResponseMeter(
            route: route,
            request: request,
            status: 200,
            contentType: contentType,
            contentEncoding: coding,
            hidesUsageChunk: hides
        )
        for (name, value) in headers { meter.header(name, value) }
        return meter
    }

    func facts(cuts: [Int] = [], ending: BodyEnding = .complete) -> ResponseFacts {
        var meter = meter()
        feed(&meter, bytes, cuts: cuts)
        return meter.finish(ending)
    }

    static let events = "text/event-stream"

    static let chatStream = Fixture(
        name: "chat stream",
        path: "/v1/chat/completions",
        contentType: events,
        body: """
            data: {"id":"c1","model":"gpt-x","choices":[{"index":0,"delta":{"content":"Grüße {\\"usage\\": 1}"}}],"usage":null}

            data: {"id":"c1","model":"gpt-x","choices":[{"index":0,"delta":{},"finish_reason":"stop"}],"usage":null}

            data: {"id":"c1","model":"gpt-x","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":12,"total_tokens":21}}

            data: [DONE]


            """,
        input: 9,
        output: 12,
        model: "gpt-x",
        source: .stream
    )

    static let messageStream = Fixture(
        name: "messages stream",
        path: "/v1/messages",
        contentType: events,
        body: """
            event: message_start
            data: {"type":"message_start","message":{"id":"m1","model":"claude-x","usage":{"input_tokens":25,"cache_creation_input_tokens":10,"cache_read_input_tokens":5,"cache_creation":{"ephemeral_5m_input_tokens":4,"ephemeral_1h_input_tokens":6},"output_tokens":1}}}

            event: ping
            data: {"type":"ping"}

            event: content_block_delta
            data: {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"日本語 \\u00e9"}}

            event: message_delta
            data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"input_tokens":30,"cache_read_input_tokens":null,"output_tokens":15}}

            event: message_stop
            data: {"type":"message_stop"}


            """,
        input: 45,
        output: 15,
        cacheRead: 5,
        cacheWrite: 10,
        model: "claude-x",
        source: .stream,
        others: [.cacheWrite1h: 6, .cacheWrite5m: 4]
    )

    static let geminiStream = Fixture(
        name: "gemini array stream",
        path: "/v1beta/models/gemini-x:streamGenerateContent",
        body: """
            [{"candidates":[{"content":{"parts":[{"text":"a ] b [ { \\" c"}]}}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},"modelVersion":"gemini-x-1"}
            ,
            {"candidates":[{"content":{"parts":[{"text":"z"}]},"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":8,"candidatesTokenCount":3,"thoughtsTokenCount":4,"toolUsePromptTokenCount":2,"totalTokenCount":17,"cachedContentTokenCount":5},"modelVersion":"gemini-x-1"}
            ]
            """,
        input: 10,
        output: 7,
        cacheRead: 5,
        reasoning: 4,
        model: "gemini-x-1",
        source: .stream,
        others: [.inputTool: 2]
    )

    static let all: [Fixture] =
        [chatStream, messageStream, geminiStream] + plain + streams + compatible + clouds + others + openAI + anthropic
        + google + bedrock + gateways

    static let plain: [Fixture] = [
        Fixture(
            name: "chat",
            path: "/v1/chat/completions",
            body: """
                {"id":"c","model":"gpt-\\u0034o","choices":[{"message":{"content":"{\\"usage\\":{\\"prompt_tokens\\":1}}"}}],"usage":{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024,"cache_write_tokens":20,"audio_tokens":3},"completion_tokens_details":{"reasoning_tokens":6,"audio_tokens":10}},"service_tier":"flex"}
                """,
            input: 1117,
            output: 46,
            cacheRead: 1024,
            cacheWrite: 20,
            reasoning: 6,
            model: "gpt-4o",
            others: [.inputText: 70, .inputAudio: 3, .outputText: 30, .outputAudio: 10, .cacheWriteOther: 20]
        ),
        Fixture(
            name: "escaped key",
            path: "/v1/chat/completions",
            body:
                #"{"usage":{"prompt_tokens":1,"completion_tokens":2,"total_tokens":3},"usage":{"prompt_tokens":4,"completion_tokens":5,"total_tokens":9}}"#,
            input: 4,
            output: 5
        ),
        Fixture(
            name: "reasoning outside completion",
            path: "/v1/chat/completions",
            body:
                #"{"usage":{"prompt_tokens":10,"completion_tokens":5,"total_tokens":35,"completion_tokens_details":{"reasoning_tokens":20},"cost_in_usd_ticks":5411000}}"#,
            input: 10,
            output: 25,
            reasoning: 20
        ),
        Fixture(
            name: "audio outside prompt",
            path: "/v1/audio/transcriptions",
            body:
                #"{"usage":{"prompt_audio_seconds":3.5,"prompt_tokens":9,"completion_tokens":248,"total_tokens":632,"prompt_tokens_details":{"audio_tokens":375}}}"#,
            input: 384,
            output: 248,
            others: [.inputAudio: 375, .audioInputMilliseconds: 3500]
        ),
        Fixture(
            name: "hidden thinking behind Google's OpenAI copy",
            path: "/v1beta/openai/chat/completions",
            body: #"{"model":"gemini-x","usage":{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}}"#,
            input: 35,
            output: 74,
            reasoning: 62,
            model: "gemini-x"
        ),
        Fixture(
            name: "gateway that leaves reasoning out of the total",
            path: "/v1/chat/completions",
            body:
                #"{"usage":{"prompt_tokens":63,"completion_tokens":134,"total_tokens":197,"cost":0.002,"market_cost":0.002,"completion_tokens_details":{"reasoning_tokens":64}}}"#,
            input: 63,
            output: 198,
            reasoning: 64
        ),
        Fixture(
            name: "responses",
            path: "/v1/responses",
            body:
                #"{"id":"r","model":"gpt-x","error":null,"output":[{"type":"web_search_call"},{"type":"message"}],"usage":{"input_tokens":12,"input_tokens_details":{"cached_tokens":2,"cache_write_tokens":3},"output_tokens":5,"output_tokens_details":{"reasoning_tokens":1},"total_tokens":17}}"#,
            input: 12,
            output: 5,
            cacheRead: 2,
            cacheWrite: 3,
            reasoning: 1,
            model: "gpt-x",
            others: [.webSearches: 1]
        ),
        Fixture(
            name: "embeddings",
            path: "/v1/embeddings",
            body: #"{"data":[{"embedding":[0.1,-2e-3]}],"model":"e","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
            input: 8,
            model: "e"
        ),
        Fixture(
            name: "anthropic",
            path: "/v1/messages",
            body:
                #"{"id":"m","type":"message","model":"claude-x","usage":{"input_tokens":4,"cache_creation_input_tokens":237,"cache_read_input_tokens":9134,"output_tokens":156,"output_tokens_details":{"thinking_tokens":100},"server_tool_use":{"web_search_requests":2}}}"#,
            input: 9375,
            output: 156,
            cacheRead: 9134,
            cacheWrite: 237,
            reasoning: 100,
            model: "claude-x",
            others: [.cacheWrite5m: 237, .webSearches: 2]
        ),
        Fixture(
            name: "gemini with modalities",
            path: "/v1beta/models/gemini-x:generateContent",
            body:
                #"{"candidates":[{"finishReason":"STOP"}],"usageMetadata":{"promptTokenCount":304,"candidatesTokenCount":1216,"totalTokenCount":1520,"promptTokensDetails":[{"modality":"AUDIO","tokenCount":113},{"modality":"VIDEO"},{"modality":5,"tokenCount":7}],"candidatesTokensDetails":[{"modality":"IMAGE","tokenCount":1120}]}}"#,
            input: 304,
            output: 1216,
            others: [.inputAudio: 113, .inputImage: 7, .inputText: 184, .outputImage: 1120, .outputText: 96]
        ),
        Fixture(
            name: "converse",
            path: "/model/us.anthropic.claude-x-v1%3A0/converse",
            body:
                #"{"output":{},"usage":{"inputTokens":12,"outputTokens":250,"totalTokens":1300,"cacheReadInputTokens":1028,"cacheReadInputTokenCount":1028,"cacheWriteInputTokens":10,"cacheWriteInputTokenCount":10,"cacheDetails":[{"ttl":"1h","inputTokens":4}]}}"#,
            input: 1050,
            output: 250,
            cacheRead: 1028,
            cacheWrite: 10,
            others: [.cacheWrite1h: 4, .cacheWrite5m: 6]
        ),
        Fixture(
            name: "titan with floats",
            path: "/model/amazon.titan-x/invoke",
            body: #"{"inputTextTokenCount":6.0,"results":[{"tokenCount":10,"outputText":"x"}]}"#,
            input: 6,
            output: 10
        ),
        Fixture(
            name: "cohere",
            path: "/v2/chat",
            body:
                #"{"usage":{"billed_units":{"input_tokens":57,"output_tokens":20},"tokens":{"input_tokens":1490,"output_tokens":94},"cached_tokens":112}}"#,
            input: 57,
            output: 20
        ),
        Fixture(
            name: "rerank",
            path: "/v2/rerank",
            body: #"{"results":[{"index":1}],"meta":{"billed_units":{"search_units":1}}}"#,
            others: [.rerankSearches: 1]
        ),
        Fixture(
            name: "interactions",
            path: "/v1beta/interactions",
            body:
                #"{"usage":{"total_input_tokens":9,"total_cached_tokens":3,"total_tool_use_tokens":2,"total_output_tokens":20,"total_thought_tokens":100,"total_tokens":131},"model":"gemini-x"}"#,
            input: 11,
            output: 120,
            cacheRead: 3,
            reasoning: 100,
            model: "gemini-x"
        ),
        Fixture(
            name: "vertex predict",
            path: "/v1/projects/p/locations/l/publishers/google/models/text-embedding-x:predict",
            body:
                #"{"predictions":[{"embeddings":{"statistics":{"token_count":3},"values":[1]}},{"embeddings":{"statistics":{"token_count":4}}}],"metadata":{"billableCharacterCount":20}}"#,
            input: 7,
            others: [.characters: 20]
        ),
        Fixture(
            name: "whisper",
            path: "/v1/audio/transcriptions",
            body: #"{"text":"x","usage":{"type":"duration","seconds":4}}"#,
            others: [.audioInputMilliseconds: 4000]
        ),
    ]

    static let streams: [Fixture] = [
        Fixture(
            name: "responses stream",
            path: "/v1/responses",
            contentType: events,
            body: """
                event: response.created
                data: {"type":"response.created","response":{"id":"r1","model":"gpt-x","usage":null}}

                event: response.output_text.delta
                data: {"type":"response.output_text.delta","delta":"hi"}

                event: response.completed
                data: {"type":"response.completed","response":{"id":"r1","model":"gpt-x-2","service_tier":"default","error":null,"usage":{"input_tokens":18,"output_tokens":120,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":138}}}


                """,
            input: 18,
            output: 120,
            reasoning: 64,
            model: "gpt-x-2",
            source: .stream
        ),
        Fixture(
            name: "x_groq usage",
            path: "/openai/v1/chat/completions",
            contentType: events,
            body:
                "data: {\"choices\":[{\"delta\":{}}],\"x_groq\":{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7,\"prompt_time\":0.5}}}\r\n\r\ndata: [DONE]\r\n\r\n",
            input: 3,
            output: 4,
            source: .stream
        ),
        Fixture(
            name: "growing usage, CR line ends, comments, no last empty line",
            path: "/chat/completions",
            contentType: events,
            body:
                ": keep-alive\r\rdata: {\"choices\":[{}],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":1,\"total_tokens\":4}}\r\rid: 7\rdata:{\"choices\":[{}],\rdata: \"usage\":{\"prompt_tokens\":3,\"completion_tokens\":9,\"total_tokens\":12}}\r",
            input: 3,
            output: 9,
            source: .stream
        ),
        Fixture(
            name: "ollama lines",
            path: "/api/chat",
            contentType: "application/x-ndjson",
            body: """
                {"model":"llama","message":{"content":"a"},"done":false}
                {"model":"llama","message":{"content":""},"done":true,"prompt_eval_count":26,"eval_count":282}

                """,
            input: 26,
            output: 282,
            model: "llama",
            source: .stream
        ),
        Fixture(
            name: "cohere stream",
            path: "/v2/chat",
            contentType: events,
            body: """
                event: content-delta
                data: {"type":"content-delta","delta":{"message":{"content":{"text":"x"}}}}

                event: message-end
                data: {"type":"message-end","delta":{"usage":{"billed_units":{"input_tokens":12,"output_tokens":49}}}}


                """,
            input: 12,
            output: 49,
            source: .stream
        ),
        Fixture(
            name: "usage inside the choice",
            path: "/v1/chat/completions",
            contentType: events,
            body:
                "\u{FEFF}data: {\"choices\":[{\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":4,\"total_tokens\":7}}]}\n\ndata: [DONE]\n\n",
            input: 3,
            output: 4,
            source: .stream
        ),
    ]
}
