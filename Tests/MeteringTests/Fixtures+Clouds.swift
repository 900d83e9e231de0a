import Accounting
import Metering

extension Fixture {
    /// One message of Amazon's event stream.
    static func amazonMessage(_ type: String, _ payload: String, kind: String = "event") -> [UInt8] {
        func word(_ value: Int) -> [UInt8] { [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: value >> $0) } }
        func header(_ name: String, _ value: String) -> [UInt8] {
            [UInt8(name.utf8.count)] + name.utf8 + [7, UInt8(value.utf8.count >> 8), UInt8(value.utf8.count & 0xFF)]
                + value.utf8
        }
        let headers =
            header(":message-type", kind) + header(kind == "event" ? ":event-type" : ":exception-type", type)
            + header(":content-type", "application/json")
        let prelude = word(16 + headers.count + payload.utf8.count) + word(headers.count)
        let message = prelude + word(checksum(prelude)) + headers + payload.utf8
        return message + word(checksum(message))
    }

    /// CRC-32 bit by bit.
    private static func checksum(_ bytes: [UInt8]) -> Int {
        var crc: UInt32 = .max
        for byte in bytes {
            crc ^= UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
        }
        return Int(crc ^ .max)
    }

    static func chunk(_ json: String) -> [UInt8] {
        amazonMessage("chunk", #"{"bytes":"\#(base64(json))","p":"abcdef"}"#)
    }

    private static func base64(_ text: String) -> String {
        let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/")
        let bytes = Array(text.utf8)
        var result = ""
        for start in stride(from: 0, to: bytes.count, by: 3) {
            let part = bytes[start..<min(start + 3, bytes.count)]
            let word = part.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - part.count))
            for index in 0..<4 {
                result.append(index <= part.count ? digits[word >> (18 - 6 * index) & 63] : "=")
            }
        }
        return result
    }

    static let amazon = "application/vnd.amazon.eventstream"

    static let converseStream = Fixture(
        name: "converse stream",
        path: "/model/us.amazon.nova-x-v1%3A0/converse-stream",
        contentType: amazon,
        body: "",
        input: 1050,
        output: 12,
        cacheRead: 1028,
        cacheWrite: 10,
        source: .stream,
        others: [.cacheWrite5m: 10],
        binary: amazonMessage("messageStart", #"{"role":"assistant"}"#)
            + amazonMessage("contentBlockDelta", #"{"delta":{"text":"{\"usage\":{\"inputTokens\":1}}"}}"#)
            + amazonMessage("messageStop", #"{"stopReason":"end_turn"}"#)
            + amazonMessage(
                "metadata",
                #"{"metrics":{"latencyMs":9},"trace":{"guardrail":{"usage":{"inputTokens":7}}},"usage":{"inputTokens":12,"outputTokens":12,"totalTokens":1062,"cacheReadInputTokens":1028,"cacheReadInputTokenCount":1028,"cacheWriteInputTokens":10}}"#
            )
    )

    /// Amazon, and Google beyond the plain case.
    static let clouds: [Fixture] = [
        converseStream,
        Fixture(
            name: "invoke stream of claude",
            path: "/model/anthropic.claude-x-v1%3A0/invoke-with-response-stream",
            contentType: amazon,
            body: "",
            input: 30,
            output: 9,
            cacheRead: 5,
            model: "claude-x",
            source: .stream,
            binary: chunk(
                #"{"type":"message_start","message":{"id":"m","model":"claude-x","usage":{"input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1}}}"#
            ) + chunk(#"{"type":"content_block_delta","delta":{"text":"x"}}"#)
                + chunk(#"{"type":"message_delta","delta":{},"usage":{"output_tokens":9}}"#)
                + chunk(
                    #"{"type":"message_stop","amazon-bedrock-invocationMetrics":{"inputTokenCount":25,"outputTokenCount":9,"cacheReadInputTokenCount":5}}"#
                )
        ),
        Fixture(
            name: "invoke stream of a model without usage of its own",
            path: "/model/meta.llama-x-v1%3A0/invoke-with-response-stream",
            contentType: amazon,
            body: "",
            input: 17,
            output: 4,
            source: .stream,
            binary: chunk(#"{"generation":"a","prompt_token_count":17,"generation_token_count":1}"#)
                + chunk(
                    #"{"generation":"","prompt_token_count":null,"generation_token_count":4,"amazon-bedrock-invocationMetrics":{"inputTokenCount":17,"outputTokenCount":4}}"#
                )
        ),
        Fixture(
            name: "llama invoke",
            path: "/model/meta.llama-x-v1%3A0/invoke",
            body: #"{"generation":"x","prompt_token_count":17,"generation_token_count":4,"stop_reason":"stop"}"#,
            input: 17,
            output: 4
        ),
        Fixture(
            name: "nova invoke",
            path: "/model/us.amazon.nova-x-v1%3A0/invoke",
            body:
                #"{"output":{},"usage":{"inputTokens":7,"outputTokens":3,"totalTokens":10,"cacheReadInputTokenCount":2,"cacheWriteInputTokenCount":0}}"#,
            input: 9,
            output: 3,
            cacheRead: 2
        ),
        Fixture(
            name: "counts in headers only",
            path: "/model/cohere.command-x-v1%3A0/invoke",
            body: #"{"generations":[{"text":"x"}]}"#,
            input: 18,
            output: 7,
            cacheRead: 3,
            source: .header,
            headers: [
                ("X-Amzn-Bedrock-Input-Token-Count", "15"), ("x-amzn-bedrock-output-token-count", "7"),
                ("x-amzn-bedrock-cache-read-input-token-count", "3"), ("x-amzn-requestid", "q"),
            ]
        ),
        Fixture(
            name: "a guardrail lost the output",
            path: "/model/us.amazon.nova-x-v1%3A0/invoke",
            body: #"{"output":{},"usage":{"inputTokens":7}}"#,
            input: 8,
            output: 3,
            source: .header,
            headers: [
                ("x-amzn-bedrock-input-token-count", "8"), ("x-amzn-bedrock-output-token-count", "3"),
            ]
        ),
        Fixture(
            name: "bedrock tier",
            path: "/model/us.amazon.nova-x-v1%3A0/converse",
            body:
                #"{"output":{},"serviceTier":{"type":"priority"},"usage":{"inputTokens":7,"outputTokens":3,"totalTokens":10}}"#,
            input: 7,
            output: 3,
            tier: "priority"
        ),
        Fixture(
            name: "gemini SSE: the last figure, also when it is smaller",
            path: "/v1beta/models/gemini-x:streamGenerateContent",
            contentType: events,
            body:
                "data: {\"candidates\":[{\"content\":{}}],\"usageMetadata\":{\"promptTokenCount\":20,\"totalTokenCount\":20},\"modelVersion\":\"gemini-x\"}\r\n\r\ndata: {\"candidates\":[{\"groundingMetadata\":{\"webSearchQueries\":[\"a\",\"b\"]},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":8,\"candidatesTokenCount\":4,\"totalTokenCount\":12,\"trafficType\":\"ON_DEMAND_FLEX\"},\"modelVersion\":\"gemini-x\"}\r\n\r\ndata: {\"candidates\":[],\"usageMetadata\":{\"trafficType\":\"ON_DEMAND_FLEX\"}}\r\n\r\n",
            input: 8,
            output: 4,
            model: "gemini-x",
            source: .stream,
            others: [.webSearches: 2],
            tier: "ON_DEMAND_FLEX"
        ),
        Fixture(
            name: "gemini blocked prompt: no candidates",
            path: "/v1/publishers/google/models/gemini-x:generateContent",
            body:
                #"{"promptFeedback":{"blockReason":"SAFETY"},"usageMetadata":{"promptTokenCount":6,"totalTokenCount":6,"promptTokensDetails":[{"modality":"TEXT","tokenCount":6}]},"modelVersion":"gemini-x"}"#,
            input: 6,
            model: "gemini-x"
        ),
        Fixture(
            name: "gemini cached modalities as numbers",
            path: "/v1beta/models/gemini-x:generateContent",
            body:
                #"{"usageMetadata":{"promptTokenCount":100,"cachedContentTokenCount":60,"candidatesTokenCount":1,"totalTokenCount":101,"promptTokensDetails":[{"modality":1,"tokenCount":50},{"modality":4,"tokenCount":50}],"cacheTokensDetails":[{"modality":4,"tokenCount":40},{"modality":1,"tokenCount":20}]}}"#,
            input: 100,
            output: 1,
            cacheRead: 60,
            others: [.cacheReadAudio: 40, .cacheReadText: 20, .inputAudio: 10, .inputText: 30]
        ),
        Fixture(
            name: "gemini batch embeddings",
            path: "/v1beta/models/gemini-embedding-x:batchEmbedContents",
            body:
                #"{"embeddings":[{"values":[1]}],"usageMetadata":{"promptTokenCount":9,"promptTokenDetails":[{"modality":"TEXT","tokenCount":9}]}}"#,
            input: 9
        ),
        Fixture(
            name: "interactions stream",
            path: "/v1beta/interactions",
            contentType: events,
            body: """
                event: content.delta
                data: {"event_type":"content.delta","metadata":{"usage":{"total_input_tokens":5,"total_output_tokens":1,"total_tokens":6}}}

                event: interaction.completed
                data: {"event_type":"interaction.completed","interaction":{"id":"i","model":"gemini-x","usage":{"total_input_tokens":5,"total_output_tokens":20,"total_thought_tokens":7,"total_tokens":32,"output_tokens_by_modality":[{"modality":"image","tokens":15}],"grounding_tool_count":[{"type":"google_search","count":2}]}}}


                """,
            input: 5,
            output: 27,
            reasoning: 7,
            model: "gemini-x",
            source: .stream,
            others: [.outputImage: 15, .outputText: 5, .webSearches: 2]
        ),
        Fixture(
            name: "hidden thinking, model named only by the request",
            path: "/v1beta/openai/chat/completions",
            body: #"{"usage":{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109}}"#,
            input: 35,
            output: 74,
            reasoning: 62,
            modelAsked: "gemini-x"
        ),
        Fixture(
            name: "imagen",
            path: "/v1beta/models/imagen-x:predict",
            body:
                #"{"predictions":[{"mimeType":"image/png","bytesBase64Encoded":"AAAA"},{"bytesBase64Encoded":"AA"}]}"#,
            others: [.images: 2]
        ),
        Fixture(
            name: "claude on Vertex",
            path: "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict",
            contentType: events,
            body: """
                event: message_start
                data: {"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":3,"output_tokens":1}}}

                event: message_delta
                data: {"type":"message_delta","usage":{"output_tokens":4}}

                event: message_stop
                data: {"type":"message_stop"}


                """,
            input: 3,
            output: 4,
            model: "claude-x",
            source: .stream
        ),
    ]
}
