import Accounting
import Metering

extension Fixture {
    private static func invoke(_ model: String) -> String { "/model/\(model)/invoke" }
    private static func stream(_ model: String) -> String { "/model/\(model)/invoke-with-response-stream" }

    /// The body families of Bedrock's invoke, plain and streamed, and what Converse adds.
    static let bedrock: [Fixture] = [
        Fixture(
            name: "claude, plain",
            path: invoke("us.anthropic.claude-x-v1%3A0"),
            body:
                #"{"model":"claude-x","usage":{"input_tokens":9,"cache_creation_input_tokens":6,"cache_read_input_tokens":3,"output_tokens":2}}"#,
            input: 18,
            output: 2,
            cacheRead: 3,
            cacheWrite: 6,
            model: "claude-x",
            others: [.cacheWrite5m: 6],
            headers: [
                ("x-amzn-bedrock-input-token-count", "9"), ("x-amzn-bedrock-output-token-count", "2"),
            ]
        ),
        Fixture(
            name: "old claude: headers only",
            path: invoke("anthropic.claude-v2"),
            body: #"{"type":"completion","completion":" x","stop_reason":"stop_sequence"}"#,
            input: 21,
            output: 8,
            source: .header,
            headers: [
                ("x-amzn-bedrock-input-token-count", "21"), ("x-amzn-bedrock-output-token-count", "8"),
                ("x-amzn-bedrock-invocation-latency", "900"),
            ]
        ),
        Fixture(
            name: "mistral: headers only",
            path: invoke("mistral.mistral-7b-instruct-v0%3A2"),
            body: #"{"outputs":[{"text":"x","stop_reason":"stop"}]}"#,
            input: 11,
            output: 5,
            source: .header,
            headers: [
                ("x-amzn-bedrock-input-token-count", "11"), ("x-amzn-bedrock-output-token-count", "5"),
            ]
        ),
        Fixture(
            name: "an embedder with headers only, and what it wrote to a cache",
            path: invoke("cohere.embed-english-v3"),
            body: #"{"embeddings":[[0.1]],"response_type":"embeddings_floats"}"#,
            input: 9,
            cacheWrite: 2,
            source: .header,
            headers: [
                ("x-amzn-bedrock-input-token-count", "7"), ("x-amzn-bedrock-cache-write-input-token-count", "2"),
            ]
        ),
        Fixture(
            name: "titan embeddings: the body's count stands",
            path: invoke("amazon.titan-embed-text-v2%3A0"),
            body: #"{"embedding":[0.1],"inputTextTokenCount":6}"#,
            input: 6,
            headers: [("x-amzn-bedrock-input-token-count", "6")]
        ),
        Fixture(
            name: "a custom import speaks as OpenAI does",
            path: invoke("arn:aws:bedrock:us-east-1:1:imported-model/abc"),
            body:
                #"{"choices":[{"text":"x"}],"model":"custom","usage":{"prompt_tokens":5,"completion_tokens":6,"total_tokens":11}}"#,
            input: 5,
            output: 6,
            model: "custom"
        ),
        Fixture(
            name: "nova, streamed",
            path: stream("us.amazon.nova-x-v1%3A0"),
            contentType: amazon,
            body: "",
            input: 12,
            output: 5,
            cacheRead: 2,
            source: .stream,
            binary: chunk(#"{"messageStart":{"role":"assistant"}}"#)
                + chunk(#"{"contentBlockDelta":{"delta":{"text":"x"}}}"#)
                + chunk(
                    #"{"metadata":{"usage":{"inputTokens":10,"outputTokens":5,"cacheReadInputTokenCount":2},"metrics":{},"trace":{}},"amazon-bedrock-invocationMetrics":{"inputTokenCount":10,"outputTokenCount":5,"invocationLatency":9,"firstByteLatency":3,"cacheReadInputTokenCount":2}}"#
                )
        ),
        Fixture(
            name: "titan, streamed",
            path: stream("amazon.titan-text-x"),
            contentType: amazon,
            body: "",
            input: 11,
            output: 4,
            source: .stream,
            binary: chunk(
                #"{"outputText":"a","index":0,"totalOutputTextTokenCount":null,"completionReason":null,"inputTextTokenCount":11}"#
            )
                + chunk(
                    #"{"outputText":"","index":0,"totalOutputTextTokenCount":4,"completionReason":"FINISH","inputTextTokenCount":null,"amazon-bedrock-invocationMetrics":{"inputTokenCount":11,"outputTokenCount":4}}"#
                )
        ),
        Fixture(
            name: "cohere, streamed: its metrics stand beside its last event",
            path: stream("cohere.command-r-v1%3A0"),
            contentType: amazon,
            body: "",
            input: 18,
            output: 7,
            source: .stream,
            binary: chunk(#"{"is_finished":false,"event_type":"text-generation","text":"x"}"#)
                + chunk(
                    #"{"is_finished":true,"event_type":"stream-end","response":{"text":"x","generation_id":"g"},"finish_reason":"COMPLETE","amazon-bedrock-invocationMetrics":{"inputTokenCount":18,"outputTokenCount":7}}"#
                )
        ),
        Fixture(
            name: "an exception after half a stream keeps what was seen",
            path: stream("anthropic.claude-x-v1%3A0"),
            contentType: amazon,
            body: "",
            input: 25,
            output: 1,
            model: "claude-x",
            source: .streamPartial,
            binary: chunk(
                #"{"type":"message_start","message":{"model":"claude-x","usage":{"input_tokens":25,"output_tokens":1}}}"#
            ) + amazonMessage("modelStreamErrorException", #"{"message":"x"}"#, kind: "exception"),
            isComplete: false,
            fails: true
        ),
        Fixture(
            name: "converse with both lifetimes, each twice",
            path: "/model/anthropic.claude-x/converse",
            body:
                #"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":103,"cacheWriteInputTokens":100,"cacheWriteInputTokenCount":100,"cacheDetails":[{"ttl":"1h","inputTokens":30},{"ttl":"5m","inputTokens":40},{"ttl":"1h","inputTokens":30}]}}"#,
            input: 101,
            output: 2,
            cacheWrite: 100,
            others: [.cacheWrite1h: 60, .cacheWrite5m: 40]
        ),
        Fixture(
            name: "converse's second spelling alone",
            path: "/model/anthropic.claude-x/converse",
            body:
                #"{"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":13,"cacheReadInputTokenCount":10,"cacheWriteInputTokenCount":0}}"#,
            input: 11,
            output: 2,
            cacheRead: 10,
            cacheWrite: 0
        ),
        Fixture(
            name: "a guardrail's units are no usage",
            path: "/model/anthropic.claude-x/converse",
            body:
                #"{"trace":{"guardrail":{"inputAssessment":{"g":{"invocationMetrics":{"usage":{"topicPolicyUnits":1,"inputTokens":99}}}}}},"usage":{"inputTokens":1,"outputTokens":2,"totalTokens":3}}"#,
            input: 1,
            output: 2
        ),
        Fixture(
            name: "counting with Amazon is free",
            path: "/model/anthropic.claude-x/count-tokens",
            body: #"{"inputTokens":11}"#,
            source: .none
        ),
        Fixture(
            name: "titan's images",
            path: invoke("amazon.titan-image-generator-v2%3A0"),
            body: #"{"images":["AAAA","AAAA","AAAA"],"error":null}"#,
            others: [.images: 3]
        ),
    ]
}
