import Accounting
import Metering

extension Fixture {
    /// OpenAI's own endpoints and Azure's, beyond the plain cases.
    static let openAI: [Fixture] = [
        Fixture(
            name: "several choices have one usage; rejected predictions are inside the completion",
            path: "/v1/chat/completions",
            body:
                #"{"id":"c","model":"gpt-x","choices":[{"index":0},{"index":1},{"index":2}],"usage":{"prompt_tokens":20,"completion_tokens":90,"total_tokens":110,"prompt_tokens_details":{"cached_tokens":0,"audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,"accepted_prediction_tokens":15,"rejected_prediction_tokens":40}}}"#,
            input: 20,
            output: 90,
            model: "gpt-x",
            others: [.outputText: 90, .inputText: 20]
        ),
        Fixture(
            name: "the whole prompt was written to the cache",
            path: "/v1/chat/completions",
            body:
                #"{"model":"gpt-x","usage":{"prompt_tokens":4020,"completion_tokens":1,"total_tokens":4021,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":4012}}}"#,
            input: 4020,
            output: 1,
            cacheRead: 0,
            cacheWrite: 4012,
            model: "gpt-x",
            others: [.cacheWriteOther: 4012, .inputText: 8]
        ),
        Fixture(
            name: "a stream that nobody asked for its usage",
            path: "/v1/chat/completions",
            contentType: events,
            body: """
                data: {"id":"c","model":"gpt-x","choices":[{"delta":{"content":"x"}}],"obfuscation":"aaaa"}

                data: {"id":"c","model":"gpt-x","choices":[{"delta":{},"finish_reason":"stop"}]}

                data: [DONE]


                """,
            model: "gpt-x",
            source: .none
        ),
        Fixture(
            name: "fast is answered as priority",
            path: "/v1/chat/completions",
            contentType: events,
            body: """
                data: {"model":"gpt-x","service_tier":"auto","choices":[{"delta":{}}],"usage":null}

                data: {"model":"gpt-x","service_tier":"priority","choices":[],"usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}}

                data: [DONE]


                """,
            input: 2,
            output: 3,
            model: "gpt-x",
            source: .stream,
            tier: "priority"
        ),
        Fixture(
            name: "legacy completions stream",
            path: "/v1/completions",
            contentType: events,
            body: """
                data: {"id":"t","object":"text_completion","choices":[{"text":"a"}],"model":"gpt-i","usage":null}

                data: {"id":"t","object":"text_completion","choices":[],"model":"gpt-i","usage":{"prompt_tokens":4,"completion_tokens":16,"total_tokens":20}}

                data: [DONE]


                """,
            input: 4,
            output: 16,
            model: "gpt-i",
            source: .stream
        ),
        Fixture(
            name: "a stored completion repeats its usage",
            path: "/v1/chat/completions/c1",
            body:
                #"{"id":"c1","model":"gpt-x","usage":{"prompt_tokens":2,"completion_tokens":3,"total_tokens":5}}"#,
            input: 2,
            output: 3,
            model: "gpt-x",
            method: "GET"
        ),
        Fixture(
            name: "a stored response read again as a stream",
            path: "/v1/responses/r1",
            contentType: events,
            body: """
                event: response.in_progress
                data: {"type":"response.in_progress","response":{"id":"r1","model":"gpt-x","status":"in_progress","usage":null}}

                event: response.completed
                data: {"type":"response.completed","response":{"id":"r1","model":"gpt-x","status":"completed","usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11}}}


                """,
            input: 5,
            output: 6,
            model: "gpt-x",
            source: .stream,
            method: "GET",
            query: "stream=true&starting_after=3"
        ),
        Fixture(
            name: "a response in the background has no usage yet",
            path: "/v1/responses",
            body: #"{"id":"r1","background":true,"model":"gpt-x","status":"queued","output":[],"usage":null}"#,
            model: "gpt-x",
            source: .none
        ),
        Fixture(
            name: "a compacted response",
            path: "/v1/responses/compact",
            body:
                #"{"id":"r","object":"response.compaction","model":"gpt-x","output":[{"type":"compaction"}],"usage":{"input_tokens":139,"input_tokens_details":{"cached_tokens":100},"output_tokens":438,"output_tokens_details":{"reasoning_tokens":64},"total_tokens":577}}"#,
            input: 139,
            output: 438,
            cacheRead: 100,
            reasoning: 64,
            model: "gpt-x"
        ),
        Fixture(
            name: "a failed response has its usage, and an error",
            path: "/v1/responses",
            contentType: events,
            body: """
                event: response.failed
                data: {"type":"response.failed","response":{"id":"r","model":"gpt-x","error":{"code":"server_error","message":"x"},"usage":{"input_tokens":7,"output_tokens":1,"total_tokens":8}}}


                """,
            input: 7,
            output: 1,
            model: "gpt-x",
            source: .stream,
            fails: true
        ),
        Fixture(
            name: "an error event at the top of a response's stream",
            path: "/v1/responses",
            contentType: events,
            body: """
                event: response.created
                data: {"type":"response.created","response":{"id":"r","model":"gpt-x","usage":null}}

                event: error
                data: {"type":"error","code":"server_error","message":"x","param":null}


                """,
            model: "gpt-x",
            source: .none,
            fails: true
        ),
        Fixture(
            name: "a stated number of searches beats the calls",
            path: "/v1/responses",
            contentType: events,
            body: """
                event: response.completed
                data: {"type":"response.completed","response":{"id":"r","model":"gpt-x","output":[{"type":"web_search_call","action":{"type":"open_page"}},{"type":"web_search_call","action":{"type":"search"}}],"tool_usage":{"image_gen":{"input_tokens":0,"output_tokens":0,"total_tokens":0},"web_search":{"num_requests":1}},"usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11}}}


                """,
            input: 5,
            output: 6,
            model: "gpt-x",
            source: .stream,
            others: [.webSearches: 1]
        ),
        Fixture(
            name: "images that a response's tool made are billed beside",
            path: "/v1/responses",
            body:
                #"{"id":"r","model":"gpt-x","output":[{"type":"image_generation_call"}],"tool_usage":{"image_gen":{"input_tokens":31,"input_tokens_details":{"image_tokens":0,"text_tokens":31},"output_tokens":272,"output_tokens_details":{"image_tokens":272,"text_tokens":0},"total_tokens":303},"web_search":{"num_requests":0}},"usage":{"input_tokens":5,"output_tokens":6,"total_tokens":11}}"#,
            input: 5,
            output: 6,
            model: "gpt-x",
            others: [.images: 1],
            additional: [31]
        ),
        Fixture(
            name: "azure response with chat's names, streamed",
            path: "/openai/v1/responses",
            contentType: events,
            body: """
                event: response.completed
                data: {"type":"response.completed","response":{"id":"r","model":"DeepSeek-x","usage":{"prompt_tokens":12,"completion_tokens":8,"total_tokens":20,"prompt_tokens_details":null}}}


                """,
            input: 12,
            output: 8,
            model: "DeepSeek-x",
            source: .stream
        ),
        Fixture(
            name: "azure embeddings: the deployment is what was asked for",
            path: "/openai/deployments/my-embedder/embeddings",
            body: #"{"data":[],"model":"text-embedding-x","usage":{"prompt_tokens":8,"total_tokens":8}}"#,
            input: 8,
            model: "text-embedding-x",
            query: "api-version=2024-10-21"
        ),
        Fixture(
            name: "moderations use nothing",
            path: "/v1/moderations",
            body: #"{"id":"m","model":"omni-x","results":[{"flagged":false}],"usage":{"prompt_tokens":3}}"#,
            model: "omni-x",
            source: .none
        ),
        Fixture(
            name: "speech is bytes",
            path: "/v1/audio/speech",
            contentType: "audio/mpeg",
            body: #"ID3{"usage":{"input_tokens":1}}"#,
            source: .none
        ),
        Fixture(
            name: "subtitles say nothing of usage",
            path: "/v1/audio/transcriptions",
            contentType: "text/plain; charset=utf-8",
            body: "1\n00:00:00,000 --> 00:00:01,000\ndata: {\"usage\":{\"input_tokens\":1}}\n",
            source: .none
        ),
        Fixture(
            name: "a batch that has not run states zeros",
            path: "/v1/batches/b",
            body:
                #"{"id":"b","object":"batch","status":"validating","usage":{"input_tokens":0,"output_tokens":0,"total_tokens":0,"input_tokens_details":{"cached_tokens":0}}}"#,
            source: .none,
            method: "GET"
        ),
        Fixture(
            name: "an assistants run that has ended",
            path: "/v1/threads/t/runs/run_1",
            body:
                #"{"id":"run_1","object":"thread.run","status":"completed","model":"gpt-x","usage":{"prompt_tokens":381,"completion_tokens":88,"total_tokens":469,"prompt_token_details":{"cached_tokens":128},"completion_tokens_details":{"reasoning_tokens":0}}}"#,
            input: 381,
            output: 88,
            cacheRead: 128,
            model: "gpt-x",
            method: "GET"
        ),
    ]
}
