import Accounting
import Metering

extension Fixture {
    /// A stream whose first event states some usage and whose last delta another.
    private static func messages(_ first: String, _ last: String, model: String = "claude-x") -> String {
        """
        event: message_start
        data: {"type":"message_start","message":{"id":"m","model":"\(model)","usage":{\(first)}}}

        event: ping
        data: {"type": "ping"}

        event: message_delta
        data: {"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{\(last)}}

        event: message_stop
        data: {"type":"message_stop"}


        """
    }

    /// Anthropic's facts and quirks.
    static let anthropic: [Fixture] = [
        Fixture(
            name: "no cache, thinking inside the output, tier, speed",
            path: "/v1/messages",
            body:
                #"{"id":"m","model":"claude-x","usage":{"input_tokens":40,"output_tokens":300,"output_tokens_details":{"thinking_tokens":250},"service_tier":"priority","speed":"fast","inference_geo":"us"}}"#,
            input: 40,
            output: 300,
            reasoning: 250,
            model: "claude-x",
            others: [.outputText: 50],
            tier: "priority"
        ),
        Fixture(
            name: "only the split of the cache write is stated",
            path: "/v1/messages",
            body:
                #"{"model":"claude-x","usage":{"input_tokens":4,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1}}"#,
            input: 34,
            output: 1,
            cacheWrite: 30,
            model: "claude-x",
            others: [.cacheWrite5m: 10, .cacheWrite1h: 20]
        ),
        Fixture(
            name: "the cache write grew after its split: the rest is five minutes",
            path: "/v1/messages",
            contentType: events,
            body: messages(
                #""input_tokens":3,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1"#,
                #""cache_creation_input_tokens":100,"output_tokens":7"#
            ),
            input: 103,
            output: 7,
            cacheWrite: 100,
            model: "claude-x",
            source: .stream,
            others: [.cacheWrite5m: 80, .cacheWrite1h: 20]
        ),
        Fixture(
            name: "the cache write shrank below its split",
            path: "/v1/messages",
            contentType: events,
            body: messages(
                #""input_tokens":3,"cache_creation_input_tokens":30,"cache_read_input_tokens":55096,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20},"output_tokens":1"#,
                #""cache_creation_input_tokens":15,"cache_read_input_tokens":0,"input_tokens":220,"output_tokens":7"#
            ),
            input: 235,
            output: 7,
            cacheRead: 0,
            cacheWrite: 15,
            model: "claude-x",
            source: .stream,
            others: [.cacheWrite1h: 15, .cacheWrite5m: 0]
        ),
        Fixture(
            name: "a delta's nulls overwrite nothing",
            path: "/v1/messages",
            contentType: events,
            body: messages(
                #""input_tokens":25,"cache_creation_input_tokens":0,"cache_read_input_tokens":5,"output_tokens":1,"service_tier":"standard","inference_geo":"global""#,
                #""input_tokens":null,"cache_read_input_tokens":null,"output_tokens":15,"service_tier":null"#
            ),
            input: 30,
            output: 15,
            cacheRead: 5,
            model: "claude-x",
            source: .stream,
            tier: "standard"
        ),
        Fixture(
            name: "compaction in a stream is billed beside",
            path: "/v1/messages",
            contentType: events,
            body: messages(
                #""input_tokens":95,"cache_creation_input_tokens":0,"cache_read_input_tokens":55096,"output_tokens":0"#,
                #""input_tokens":220,"cache_read_input_tokens":0,"output_tokens":8,"iterations":[{"type":"compaction","input_tokens":100,"cache_read_input_tokens":55096,"cache_creation_input_tokens":0,"output_tokens":125},{"type":"message","input_tokens":220,"output_tokens":8}]"#
            ),
            input: 220,
            output: 8,
            cacheRead: 0,
            model: "claude-x",
            source: .stream,
            additional: [55196]
        ),
        Fixture(
            name: "an advisor has a model of its own",
            path: "/v1/messages",
            body:
                #"{"model":"claude-x","usage":{"input_tokens":20,"output_tokens":8,"iterations":[{"type":"message","input_tokens":10,"output_tokens":3},{"type":"advisor_message","model":"claude-big","input_tokens":823,"output_tokens":1612},{"type":"message","input_tokens":10,"output_tokens":5}]}}"#,
            input: 20,
            output: 8,
            model: "claude-x",
            additional: [823]
        ),
        Fixture(
            name: "a refusal is billed as it says",
            path: "/v1/messages",
            body:
                #"{"model":"claude-x","stop_reason":"refusal","content":[],"usage":{"input_tokens":20,"cache_read_input_tokens":0,"cache_creation_input_tokens":0,"output_tokens":0}}"#,
            input: 20,
            output: 0,
            model: "claude-x"
        ),
        Fixture(
            name: "a fallback served",
            path: "/v1/messages",
            body:
                #"{"model":"claude-x","usage":{"input_tokens":20,"output_tokens":4,"iterations":[{"type":"message","model":"claude-x","input_tokens":0,"output_tokens":0},{"type":"fallback_message","model":"claude-y","input_tokens":20,"output_tokens":4}]}}"#,
            input: 20,
            output: 4,
            model: "claude-y"
        ),
        Fixture(
            name: "searches and fetches: only searches have a fee",
            path: "/v1/messages",
            body:
                #"{"model":"claude-x","usage":{"input_tokens":8984,"output_tokens":520,"server_tool_use":{"web_search_requests":3,"web_fetch_requests":2}}}"#,
            input: 8984,
            output: 520,
            model: "claude-x",
            others: [.webSearches: 3]
        ),
        Fixture(
            name: "legacy completions say nothing",
            path: "/v1/complete",
            body:
                #"{"type":"completion","id":"c","completion":" hi","stop_reason":"stop_sequence","model":"claude-2.1"}"#,
            model: "claude-2.1",
            source: .none
        ),
        Fixture(
            name: "counting is free",
            path: "/v1/messages/count_tokens",
            body: #"{"input_tokens":671}"#,
            source: .none
        ),
        Fixture(
            name: "a batch under way has no usage",
            path: "/v1/messages/batches/b",
            body: #"{"id":"b","type":"message_batch","processing_status":"in_progress","results_url":null}"#,
            source: .none,
            method: "GET"
        ),
        Fixture(
            name: "claude on Vertex, plain",
            path: "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:rawPredict",
            body:
                #"{"id":"m","model":"claude-x","usage":{"input_tokens":9,"cache_read_input_tokens":1,"output_tokens":2}}"#,
            input: 10,
            output: 2,
            cacheRead: 1,
            model: "claude-x"
        ),
    ]
}
