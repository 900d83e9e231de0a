import Accounting
import Metering

extension Fixture {
    private static let chatPath = "/v1/chat/completions"

    /// What only some compatible servers and gateways do, and providers with formats of their own.
    static let gateways: [Fixture] = [
        Fixture(
            name: "groq compound, streamed: each entry repeats the total",
            path: "/openai/v1/chat/completions",
            contentType: events,
            body: """
                data: {"model":"groq/compound","choices":[{"delta":{}}],"x_groq":{"id":"r","usage":{"prompt_tokens":30,"completion_tokens":12,"total_tokens":42,"queue_time":0.1},"usage_breakdown":{"models":[{"model":"a","usage":{"prompt_tokens":30,"completion_tokens":12,"total_tokens":42}},{"model":"b","usage":{"prompt_tokens":30,"completion_tokens":12,"total_tokens":42}}]}}}

                data: [DONE]


                """,
            input: 30,
            output: 12,
            model: "groq/compound",
            source: .stream
        ),
        Fixture(
            name: "groq: an error event inside a stream that began well",
            path: "/openai/v1/chat/completions",
            contentType: events,
            body: """
                data: {"model":"llama-x","choices":[{"delta":{"content":"x"}}]}

                event: error
                data: {"error":{"message":"x","code":"tool_use_failed"}}


                """,
            model: "llama-x",
            source: .none,
            fails: true
        ),
        Fixture(
            name: "xai chat, streamed with growing usage",
            path: chatPath,
            contentType: events,
            body: """
                data: {"model":"grok-x","choices":[{"delta":{"reasoning_content":"x"}}],"usage":{"prompt_tokens":429,"completion_tokens":0,"total_tokens":430,"completion_tokens_details":{"reasoning_tokens":1}}}

                data: {"model":"grok-x","choices":[],"usage":{"prompt_tokens":429,"completion_tokens":44,"total_tokens":846,"prompt_tokens_details":{"cached_tokens":192},"completion_tokens_details":{"reasoning_tokens":373},"cost_in_usd_ticks":6767400}}

                data: [DONE]


                """,
            input: 429,
            output: 417,
            cacheRead: 192,
            reasoning: 373,
            model: "grok-x",
            source: .stream,
            cost: 676_740_000
        ),
        Fixture(
            name: "more reasoning than completion, and no total",
            path: chatPath,
            body:
                #"{"model":"m","usage":{"prompt_tokens":9,"completion_tokens":4,"completion_tokens_details":{"reasoning_tokens":30}}}"#,
            input: 9,
            output: 34,
            reasoning: 30,
            model: "m"
        ),
        Fixture(
            name: "more reasoning than completion, all of it in the total",
            path: chatPath,
            body:
                #"{"model":"m","usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":13,"completion_tokens_details":{"reasoning_tokens":30}}}"#,
            input: 9,
            output: 34,
            reasoning: 30,
            model: "m"
        ),
        Fixture(
            name: "a total that nothing explains",
            path: chatPath,
            body: #"{"model":"m","usage":{"prompt_tokens":9,"completion_tokens":4,"total_tokens":50}}"#,
            input: 9,
            output: 4,
            model: "m",
            anomalies: 1
        ),
        Fixture(
            name: "vercel, streamed",
            path: chatPath,
            contentType: events,
            body: """
                data: {"model":"google/gemini-x","choices":[{"delta":{}}],"usage":{"prompt_tokens":57,"completion_tokens":18,"total_tokens":75,"cost":0.00147,"is_byok":false,"cost_details":{"upstream_inference_cost":null},"completion_tokens_details":{"reasoning_tokens":95,"image_tokens":0},"cache_creation_input_tokens":0,"market_cost":0.00147}}

                data: [DONE]


                """,
            input: 57,
            output: 113,
            reasoning: 95,
            model: "google/gemini-x",
            source: .stream,
            cost: 1_470_000_000
        ),
        Fixture(
            name: "openrouter: written and read overlap",
            path: "/api/v1/chat/completions",
            body:
                #"{"model":"google/gemini-x","usage":{"prompt_tokens":100,"completion_tokens":5,"total_tokens":105,"cost":0.01,"is_byok":false,"prompt_tokens_details":{"cached_tokens":80,"cache_write_tokens":60},"cost_details":{"upstream_inference_cost":0.01}}}"#,
            input: 100,
            output: 5,
            cacheRead: 80,
            cacheWrite: 20,
            model: "google/gemini-x",
            cost: 10_000_000_000,
            anomalies: 1
        ),
        Fixture(
            name: "openrouter: an error in a chunk, then its usage",
            path: "/api/v1/chat/completions",
            contentType: events,
            body: """
                data: {"id":"gen-1","model":"a/b","choices":[{"delta":{"content":""},"finish_reason":"error"}],"error":{"code":502,"message":"x"}}

                data: {"id":"gen-1","model":"a/b","choices":[],"usage":{"prompt_tokens":20,"completion_tokens":1,"total_tokens":21,"cost":0}}

                data: [DONE]


                """,
            input: 20,
            output: 1,
            model: "a/b",
            source: .stream,
            cost: 0,
            fails: true
        ),
        Fixture(
            name: "openrouter responses end as chat does",
            path: "/api/v1/responses",
            contentType: events,
            body: """
                : OPENROUTER PROCESSING

                data: {"type":"response.completed","response":{"id":"gen-1","model":"a/b","usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":0},"output_tokens":9,"output_tokens_details":{"reasoning_tokens":4},"total_tokens":29,"cost":0.00014,"is_byok":false,"cost_details":{"upstream_inference_cost":null}}}}

                data: [DONE]


                """,
            input: 20,
            output: 9,
            reasoning: 4,
            model: "a/b",
            source: .stream,
            cost: 140_000_000
        ),
        Fixture(
            name: "perplexity, plain: the object's total is the cost",
            path: "/chat/completions",
            body:
                #"{"model":"sonar","usage":{"prompt_tokens":9,"completion_tokens":9,"total_tokens":18,"search_context_size":"low","cost":{"input_tokens_cost":2e-05,"output_tokens_cost":7e-05,"request_cost":0.006,"total_cost":0.00609}}}"#,
            input: 9,
            output: 9,
            model: "sonar",
            cost: 6_090_000_000
        ),
        Fixture(
            name: "mistral conversation",
            path: "/v1/conversations",
            body:
                #"{"conversation_id":"c","outputs":[],"usage":{"prompt_tokens":10,"completion_tokens":4,"total_tokens":14}}"#,
            input: 10,
            output: 4
        ),
        Fixture(
            name: "a conversation at OpenAI uses nothing",
            path: "/v1/conversations",
            body: #"{"id":"conv_1","object":"conversation"}"#,
            source: .none
        ),
        Fixture(
            name: "moonshot, plain",
            path: chatPath,
            body:
                #"{"model":"kimi","choices":[{"message":{}}],"usage":{"prompt_tokens":19,"completion_tokens":13,"total_tokens":32,"cached_tokens":12}}"#,
            input: 19,
            output: 13,
            cacheRead: 12,
            model: "kimi"
        ),
        Fixture(
            name: "vLLM repeats growing usage on every chunk",
            path: chatPath,
            contentType: events,
            body: """
                data: {"model":"m","choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":5,"total_tokens":6,"completion_tokens":1}}

                data: {"model":"m","choices":[{"delta":{"content":"b"},"finish_reason":"stop"}],"usage":{"prompt_tokens":5,"total_tokens":7,"completion_tokens":2}}

                data: {"model":"m","choices":[],"usage":{"prompt_tokens":5,"total_tokens":7,"completion_tokens":2}}

                data: [DONE]


                """,
            input: 5,
            output: 2,
            model: "m",
            source: .stream
        ),
        Fixture(
            name: "databricks by OpenAI's path: the body names the model",
            path: "/serving-endpoints/chat/completions",
            body:
                #"{"model":"claude-x","usage":{"prompt_tokens":1000,"completion_tokens":5,"total_tokens":1005,"cache_read_input_tokens":900}}"#,
            input: 1000,
            output: 5,
            cacheRead: 900,
            model: "claude-x",
            modelAsked: "my-claude"
        ),
        Fixture(
            name: "ollama, plain",
            path: "/api/chat",
            body: #"{"model":"llama","message":{"content":"x"},"done":true,"prompt_eval_count":26,"eval_count":298}"#,
            input: 26,
            output: 298,
            model: "llama"
        ),
        Fixture(
            name: "ollama embeddings, old and new",
            path: "/api/embed",
            body: #"{"model":"minilm","embeddings":[[0.1]],"total_duration":14143917,"prompt_eval_count":8}"#,
            input: 8,
            model: "minilm"
        ),
        Fixture(
            name: "ollama fails within its lines",
            path: "/api/chat",
            contentType: "application/x-ndjson",
            body: """
                {"model":"llama","message":{"content":"a"},"done":false}
                {"error":"out of memory"}

                """,
            model: "llama",
            source: .none,
            fails: true
        ),
        Fixture(
            name: "cohere generate, v1",
            path: "/v1/generate",
            body:
                #"{"id":"g","generations":[{"text":"x"}],"meta":{"api_version":{"version":"1"},"billed_units":{"input_tokens":4,"output_tokens":9}}}"#,
            input: 4,
            output: 9
        ),
        Fixture(
            name: "cohere without a bill: what was processed",
            path: "/v2/chat",
            body: #"{"id":"c","usage":{"tokens":{"input_tokens":91,"output_tokens":20},"cached_tokens":16}}"#,
            input: 91,
            output: 20,
            cacheRead: 16
        ),
        Fixture(
            name: "a cohere stream that failed",
            path: "/v2/chat",
            contentType: events,
            body: """
                event: message-end
                data: {"type":"message-end","delta":{"error":"x","finish_reason":"ERROR","usage":{"billed_units":{"input_tokens":12,"output_tokens":0}}}}


                """,
            input: 12,
            output: 0,
            source: .stream
        ),
        Fixture(
            name: "a reranker with both names for one count",
            path: "/v1/rerank",
            body: #"{"model":"jina-x","usage":{"total_tokens":26,"prompt_tokens":26},"results":[]}"#,
            input: 26,
            model: "jina-x"
        ),
        Fixture(
            name: "watsonx, plain",
            path: "/ml/v1/text/generation",
            body:
                #"{"model_id":"ibm/granite","results":[{"generated_text":"x","generated_token_count":20,"input_token_count":7}]}"#,
            input: 7,
            output: 20,
            model: "ibm/granite",
            query: "version=2026-01-01"
        ),
        Fixture(
            name: "dashscope through OpenAI's path, details as DashScope spells them",
            path: "/compatible-mode/v1/chat/completions",
            body:
                #"{"model":"qwen-x","usage":{"prompt_tokens":30,"completion_tokens":20,"total_tokens":50,"prompt_tokens_details":{"cached_tokens":8},"completion_tokens_details":{"reasoning_tokens":11,"text_tokens":20}}}"#,
            input: 30,
            output: 20,
            cacheRead: 8,
            reasoning: 11,
            model: "qwen-x"
        ),
        Fixture(
            name: "blank lines kept a plain answer alive",
            path: "/api/v1/chat/completions",
            body:
                "\n         \n\n         \n\n{\"model\":\"a/b\",\"usage\":{\"prompt_tokens\":5,\"completion_tokens\":7,\"total_tokens\":12}}\n",
            input: 5,
            output: 7,
            model: "a/b"
        ),
    ]
}
