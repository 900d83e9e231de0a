import Accounting
import Metering

extension Fixture {
    /// The rest of OpenAI and Anthropic, and providers with formats of their own.
    static let others: [Fixture] = [
        Fixture(
            name: "image generation with tokens",
            path: "/v1/images/generations",
            body:
                #"{"created":1,"data":[{"b64_json":"AAAA"}],"usage":{"total_tokens":1100,"input_tokens":60,"output_tokens":1040,"input_tokens_details":{"text_tokens":20,"image_tokens":40},"output_tokens_details":{"image_tokens":1000,"text_tokens":40}}}"#,
            input: 60,
            output: 1040,
            others: [.inputImage: 40, .inputText: 20, .outputImage: 1000, .outputText: 40]
        ),
        Fixture(
            name: "dall-e: only images",
            path: "/v1/images/generations",
            body: #"{"created":1,"data":[{"url":"https://a"},{"url":"https://b"}]}"#,
            others: [.images: 2]
        ),
        Fixture(
            name: "image stream",
            path: "/v1/images/edits",
            contentType: events,
            body: """
                event: image_edit.partial_image
                data: {"type":"image_edit.partial_image","b64_json":"AAAA","partial_image_index":0}

                event: image_edit.completed
                data: {"type":"image_edit.completed","b64_json":"AAAA","usage":{"total_tokens":100,"input_tokens":50,"output_tokens":50,"input_tokens_details":{"text_tokens":10,"image_tokens":40}}}


                """,
            input: 50,
            output: 50,
            source: .stream,
            others: [.inputImage: 40]
        ),
        Fixture(
            name: "transcription with tokens",
            path: "/v1/audio/transcriptions",
            body:
                #"{"text":"x","usage":{"type":"tokens","total_tokens":122,"input_tokens":100,"input_token_details":{"text_tokens":10,"audio_tokens":90},"output_tokens":22}}"#,
            input: 100,
            output: 22,
            others: [.inputAudio: 90, .inputText: 10]
        ),
        Fixture(
            name: "transcription stream",
            path: "/v1/audio/transcriptions",
            contentType: events,
            body: """
                data: {"type":"transcript.text.delta","delta":"x"}

                data: {"type":"transcript.text.done","text":"x","usage":{"type":"tokens","total_tokens":12,"input_tokens":10,"input_token_details":{"text_tokens":0,"audio_tokens":10},"output_tokens":2}}

                data: [DONE]


                """,
            input: 10,
            output: 2,
            source: .stream,
            others: [.inputAudio: 10]
        ),
        Fixture(
            name: "speech stream",
            path: "/v1/audio/speech",
            contentType: events,
            body: """
                data: {"type":"speech.audio.delta","audio":"AAAA"}

                data: {"type":"speech.audio.done","usage":{"input_tokens":14,"output_tokens":101,"total_tokens":115}}


                """,
            input: 14,
            output: 101,
            source: .stream
        ),
        Fixture(
            name: "responses with tools billed beside",
            path: "/v1/responses",
            body:
                #"{"id":"r","model":"gpt-x","output":[{"type":"file_search_call"},{"type":"code_interpreter_call"},{"type":"code_interpreter_call"},{"type":"image_generation_call","result":"AA"}],"usage":{"input_tokens":12,"output_tokens":5,"total_tokens":17},"tool_usage":{"image_gen":{"input_tokens":30,"output_tokens":40,"total_tokens":70,"output_tokens_details":{"image_tokens":40}},"web_search":{"num_requests":3}}}"#,
            input: 12,
            output: 5,
            model: "gpt-x",
            others: [.webSearches: 3, .fileSearches: 1, .codeSessions: 1, .images: 1],
            additional: [30]
        ),
        Fixture(
            name: "responses stream that ends incomplete",
            path: "/v1/responses",
            contentType: events,
            body: """
                event: response.created
                data: {"type":"response.created","response":{"id":"r","model":"gpt-x","usage":null}}

                event: response.incomplete
                data: {"type":"response.incomplete","response":{"id":"r","model":"gpt-x","usage":{"input_tokens":3,"output_tokens":16,"total_tokens":19}}}


                """,
            input: 3,
            output: 16,
            model: "gpt-x",
            source: .stream
        ),
        Fixture(
            name: "assistants run",
            path: "/v1/threads/t/runs",
            contentType: events,
            body: """
                event: thread.run.step.completed
                data: {"id":"step","object":"thread.run.step","usage":{"prompt_tokens":5,"completion_tokens":1,"total_tokens":6}}

                event: thread.run.completed
                data: {"id":"run","object":"thread.run","model":"gpt-x","usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14,"prompt_token_details":{"cached_tokens":2}}}

                event: done
                data: [DONE]


                """,
            input: 10,
            output: 4,
            cacheRead: 2,
            model: "gpt-x",
            source: .stream
        ),
        Fixture(
            name: "finished batch",
            path: "/v1/batches/b",
            body:
                #"{"id":"b","object":"batch","status":"completed","model":"gpt-x","usage":{"input_tokens":100,"output_tokens":20,"total_tokens":120,"input_tokens_details":{"cached_tokens":10},"output_tokens_details":{"reasoning_tokens":5}}}"#,
            input: 100,
            output: 20,
            cacheRead: 10,
            reasoning: 5,
            model: "gpt-x",
            tier: "batch"
        ),
        Fixture(
            name: "batch results of Anthropic",
            path: "/v1/messages/batches/b/results",
            contentType: "application/x-jsonl",
            body: """
                {"custom_id":"1","result":{"type":"succeeded","message":{"id":"m1","model":"claude-x","usage":{"input_tokens":10,"cache_creation_input_tokens":0,"cache_read_input_tokens":4,"output_tokens":3,"service_tier":"batch"}}}}
                {"custom_id":"2","result":{"type":"errored","error":{"type":"x"}}}
                {"custom_id":"3","result":{"type":"succeeded","message":{"id":"m2","model":"claude-x","usage":{"input_tokens":5,"output_tokens":7,"service_tier":"batch"}}}}
                """,
            input: 19,
            output: 10,
            cacheRead: 4,
            model: "claude-x",
            tier: "batch"
        ),
        Fixture(
            name: "anthropic stream whose tools changed the input",
            path: "/v1/messages",
            contentType: events,
            body: """
                event: message_start
                data: {"type":"message_start","message":{"id":"m","model":"claude-x","usage":{"input_tokens":2479,"cache_creation_input_tokens":0,"cache_read_input_tokens":55096,"cache_creation":{"ephemeral_5m_input_tokens":0,"ephemeral_1h_input_tokens":0},"output_tokens":1,"service_tier":"standard"}}}

                event: message_delta
                data: {"type":"message_delta","delta":{},"usage":{"input_tokens":404500,"cache_creation_input_tokens":30,"cache_read_input_tokens":0,"output_tokens":15,"output_tokens_details":{"thinking_tokens":3},"server_tool_use":{"web_search_requests":2},"iterations":[{"type":"message","input_tokens":404500,"output_tokens":15,"cache_creation_input_tokens":30,"cache_creation":{"ephemeral_5m_input_tokens":10,"ephemeral_1h_input_tokens":20}},{"type":"fallback_message","model":"claude-y","input_tokens":1,"output_tokens":1}]}}

                event: message_stop
                data: {"type":"message_stop"}


                """,
            input: 404_530,
            output: 15,
            cacheRead: 0,
            cacheWrite: 30,
            reasoning: 3,
            model: "claude-y",
            source: .stream,
            others: [.webSearches: 2, .cacheWrite1h: 20, .cacheWrite5m: 10],
            tier: "standard"
        ),
        Fixture(
            name: "cohere v1 stream of lines",
            path: "/v1/chat",
            contentType: "application/stream+json",
            body: """
                {"is_finished":false,"event_type":"stream-start","generation_id":"g"}
                {"is_finished":false,"event_type":"text-generation","text":"x"}
                {"is_finished":true,"event_type":"stream-end","response":{"text":"x","meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":4,"output_tokens":9},"tokens":{"input_tokens":70,"output_tokens":9}}},"finish_reason":"COMPLETE"}

                """,
            input: 4,
            output: 9,
            source: .stream
        ),
        Fixture(
            name: "cohere embeddings with images",
            path: "/v2/embed",
            body:
                #"{"id":"e","embeddings":{"float":[[0.1]]},"meta":{"billed_units":{"input_tokens":3,"image_tokens":100,"images":1}}}"#,
            input: 103,
            others: [.inputImage: 100]
        ),
        Fixture(
            name: "ollama on a full cache hit, and its embeddings",
            path: "/api/generate",
            contentType: "application/x-ndjson",
            body:
                #"{"model":"llama","response":"","done":true,"done_reason":"stop","eval_count":282,"eval_duration":4799921000}"#,
            output: 282,
            model: "llama",
            source: .stream
        ),
        Fixture(
            name: "voyage: only a total",
            path: "/v1/embeddings",
            body: #"{"object":"list","data":[{"embedding":[1]}],"model":"voyage-x","usage":{"total_tokens":10}}"#,
            input: 10,
            model: "voyage-x"
        ),
        Fixture(
            name: "reranker: only a total",
            path: "/v1/rerank",
            body: #"{"model":"rerank-x","results":[{"index":0}],"usage":{"total_tokens":26}}"#,
            input: 26,
            model: "rerank-x"
        ),
        Fixture(
            name: "watsonx stream",
            path: "/ml/v1/text/generation_stream",
            contentType: events,
            body: """
                id: 1
                event: message
                data: {"model_id":"ibm/granite","results":[{"generated_text":"","generated_token_count":0,"input_token_count":11}]}

                id: 2
                event: message
                data: {"model_id":"ibm/granite","results":[{"generated_text":"a","generated_token_count":3,"input_token_count":0}]}

                id: 3
                event: message
                data: {"model_id":"ibm/granite","results":[{"generated_text":"b","generated_token_count":8,"input_token_count":0,"stop_reason":"eos_token"}]}


                """,
            input: 11,
            output: 8,
            model: "ibm/granite",
            source: .stream
        ),
        Fixture(
            name: "watsonx embeddings",
            path: "/ml/v1/text/embeddings",
            body: #"{"model_id":"ibm/slate","results":[{"embedding":[1]}],"input_token_count":10}"#,
            input: 10,
            model: "ibm/slate"
        ),
        Fixture(
            name: "aleph alpha",
            path: "/complete",
            body: #"{"completions":[{"completion":"x"}],"num_tokens_prompt_total":5,"num_tokens_generated":7}"#,
            input: 5,
            output: 7
        ),
        Fixture(
            name: "any server with OpenAI's shape",
            path: "/anything/else",
            body: #"{"model":"m","usage":{"prompt_tokens":5,"completion_tokens":7,"total_tokens":12}}"#,
            input: 5,
            output: 7,
            model: "m"
        ),
    ]
}
