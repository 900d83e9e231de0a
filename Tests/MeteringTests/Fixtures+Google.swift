import Accounting
import Metering

extension Fixture {
    private static let generate = "/v1beta/models/gemini-x:generateContent"

    private static func gemini(_ usage: String) -> String {
        #"{"candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}],"usageMetadata":{\#(usage)},"modelVersion":"gemini-x-1"}"#
    }

    /// Gemini, Vertex and Interactions beyond the plain cases.
    static let google: [Fixture] = [
        Fixture(
            name: "thoughts and tool prompt stand outside, with modalities",
            path: generate,
            body: gemini(
                #""promptTokenCount":100,"toolUsePromptTokenCount":50,"candidatesTokenCount":10,"thoughtsTokenCount":40,"totalTokenCount":200,"promptTokensDetails":[{"modality":"TEXT","tokenCount":40},{"modality":"IMAGE","tokenCount":60}],"toolUsePromptTokensDetails":[{"modality":"IMAGE","tokenCount":20}]"#
            ),
            input: 150,
            output: 50,
            reasoning: 40,
            model: "gemini-x-1",
            others: [.inputTool: 50, .inputImage: 80, .inputText: 70, .outputText: 10]
        ),
        Fixture(
            name: "prompt and total left out",
            path: generate,
            body: gemini(#""candidatesTokenCount":12"#),
            input: 0,
            output: 12,
            model: "gemini-x-1"
        ),
        Fixture(
            name: "only thoughts",
            path: generate,
            body: gemini(#""thoughtsTokenCount":12"#),
            input: 0,
            output: 12,
            reasoning: 12,
            model: "gemini-x-1"
        ),
        Fixture(
            name: "prompt left out of a larger total",
            path: generate,
            body: gemini(#""candidatesTokenCount":12,"thoughtsTokenCount":3,"totalTokenCount":20"#),
            input: 5,
            output: 15,
            reasoning: 3,
            model: "gemini-x-1"
        ),
        Fixture(
            name: "only the kind of traffic",
            path: generate,
            body: gemini(#""trafficType":"ON_DEMAND""#),
            model: "gemini-x-1",
            source: .none
        ),
        Fixture(
            name: "numbers for names",
            path: "/v1/projects/p/locations/l/publishers/google/models/gemini-x:generateContent",
            body: gemini(
                #""promptTokenCount":30,"candidatesTokenCount":2,"totalTokenCount":32,"trafficType":4,"promptTokensDetails":[{"modality":1,"tokenCount":5},{"modality":2,"tokenCount":10},{"modality":3,"tokenCount":15}]"#
            ),
            input: 30,
            output: 2,
            model: "gemini-x-1",
            others: [.inputImage: 10, .inputVideo: 15, .inputText: 5],
            tier: "ON_DEMAND_FLEX",
            query: "$alt=json;enum-encoding=int"
        ),
        Fixture(
            name: "the tier of the Gemini API",
            path: generate,
            body: gemini(
                #""promptTokenCount":30,"candidatesTokenCount":2,"totalTokenCount":32,"serviceTier":"priority""#
            ),
            input: 30,
            output: 2,
            model: "gemini-x-1",
            tier: "priority"
        ),
        Fixture(
            name: "a chunk without usage, and a last one with other figures",
            path: "/v1beta/models/gemini-x:streamGenerateContent",
            contentType: events,
            body:
                "data: {\"candidates\":[{\"content\":{}}],\"usageMetadata\":{\"promptTokenCount\":9,\"candidatesTokenCount\":5,\"totalTokenCount\":14}}\r\n\r\ndata: {\"candidates\":[{\"content\":{},\"finishReason\":\"STOP\"}],\"usageMetadata\":{\"promptTokenCount\":8,\"candidatesTokenCount\":7,\"totalTokenCount\":15}}\r\n\r\ndata: {\"candidates\":[{\"content\":{}}]}\r\n\r\n",
            input: 8,
            output: 7,
            source: .stream,
            query: "alt=sse"
        ),
        Fixture(
            name: "an error among the elements of an array",
            path: "/v1beta/models/gemini-x:streamGenerateContent",
            body:
                #"[{"candidates":[{"content":{}}],"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9}},{"error":{"code":503,"status":"UNAVAILABLE"}}]"#,
            input: 9,
            source: .streamPartial,
            isComplete: false,
            fails: true
        ),
        Fixture(
            name: "embedContent of Vertex",
            path: "/v1/projects/p/locations/l/publishers/google/models/gemini-embedding-x:embedContent",
            body:
                #"{"embedding":{"values":[0.1]},"usageMetadata":{"promptTokenCount":6,"totalTokenCount":6},"truncated":false}"#,
            input: 6
        ),
        Fixture(
            name: "embeddings that state nothing",
            path: "/v1beta/models/gemini-embedding-x:batchEmbedContents",
            body: #"{"embeddings":[{"values":[0.1]}]}"#,
            source: .none
        ),
        Fixture(
            name: "counting with Google is free",
            path: "/v1beta/models/gemini-x:countTokens",
            body: #"{"totalTokens":12,"promptTokensDetails":[{"modality":"TEXT","tokenCount":12}]}"#,
            source: .none
        ),
        Fixture(
            name: "a cache that is kept has no usage of its own",
            path: "/v1beta/cachedContents",
            body: #"{"name":"cachedContents/x","model":"models/gemini-x","usageMetadata":{"totalTokenCount":4033}}"#,
            model: "models/gemini-x",
            source: .none
        ),
        Fixture(
            name: "Google's copy that shows its reasoning",
            path: "/v1beta/openai/chat/completions",
            body:
                #"{"model":"gemini-x","usage":{"prompt_tokens":35,"completion_tokens":12,"total_tokens":109,"completion_tokens_details":{"reasoning_tokens":62}}}"#,
            input: 35,
            output: 74,
            reasoning: 62,
            model: "gemini-x"
        ),
        Fixture(
            name: "Google's copy, streamed",
            path: "/v1beta/openai/chat/completions",
            contentType: events,
            body:
                "data: {\"choices\":[{\"delta\":{\"content\":\"x\"}}],\"model\":\"gemini-x\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":1,\"total_tokens\":20}}\n\ndata: {\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\"}],\"model\":\"gemini-x\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":3,\"total_tokens\":30}}\n\ndata: [DONE]\n\n",
            input: 5,
            output: 25,
            reasoning: 22,
            model: "gemini-x",
            source: .stream
        ),
        Fixture(
            name: "an agent's interaction goes on",
            path: "/v1beta/interactions",
            body: #"{"id":"i","agent":"deep-research-x","status":"in_progress"}"#,
            source: .none
        ),
        Fixture(
            name: "an interaction that is read later",
            path: "/v1beta/interactions/i",
            body:
                #"{"id":"i","agent":"deep-research-x","status":"completed","usage":{"total_input_tokens":100,"total_cached_tokens":40,"total_tool_use_tokens":900,"total_output_tokens":20,"total_thought_tokens":30,"total_tokens":1050,"input_tokens_by_modality":[{"modality":"text","tokens":100}],"cached_tokens_by_modality":[{"modality":"text","tokens":40}],"grounding_tool_count":[{"type":"google_search","count":17},{"type":"google_maps","count":2}]}}"#,
            input: 1000,
            output: 50,
            cacheRead: 40,
            reasoning: 30,
            others: [.inputTool: 900, .webSearches: 17],
            method: "GET"
        ),
        Fixture(
            name: "an interaction's stream that ends without its last event",
            path: "/v1beta/interactions",
            contentType: events,
            body: """
                event: interaction.start
                data: {"event_type":"interaction.start","interaction":{"id":"i","model":"gemini-x"}}

                event: content.delta
                data: {"event_type":"content.delta","metadata":{"usage":{"total_input_tokens":5,"total_output_tokens":1,"total_tokens":6}}}


                """,
            input: 5,
            output: 1,
            model: "gemini-x",
            source: .streamPartial,
            isComplete: false
        ),
    ]
}
