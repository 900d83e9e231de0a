import Accounting
import Metering

extension Fixture {
    /// Providers whose answers look like OpenAI's, each with what is its own.
    static let compatible: [Fixture] = [
        Fixture(
            name: "groq compound: the breakdown is never summed",
            path: "/openai/v1/chat/completions",
            body:
                #"{"model":"groq/compound","usage":{"queue_time":0.1,"prompt_tokens":30,"prompt_time":0.2,"completion_tokens":12,"total_tokens":42,"total_time":0.5},"usage_breakdown":{"models":[{"model":"a","usage":{"prompt_tokens":20,"completion_tokens":2,"total_tokens":22}},{"model":"b","usage":{"prompt_tokens":10,"completion_tokens":10,"total_tokens":20}}]},"service_tier":"on_demand"}"#,
            input: 30,
            output: 12,
            model: "groq/compound",
            tier: "on_demand"
        ),
        Fixture(
            name: "groq: usage of both kinds counts once",
            path: "/openai/v1/chat/completions",
            contentType: events,
            body: """
                data: {"choices":[{"delta":{"content":"x"}}],"x_groq":{"id":"r"}}

                data: {"choices":[{"delta":{}}],"x_groq":{"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}}

                data: {"choices":[],"usage":{"prompt_tokens":3,"completion_tokens":4,"total_tokens":7}}

                data: [DONE]


                """,
            input: 3,
            output: 4,
            source: .stream
        ),
        Fixture(
            name: "xai chat",
            path: "/v1/chat/completions",
            body:
                #"{"model":"grok-x","usage":{"prompt_tokens":307,"completion_tokens":24,"total_tokens":590,"prompt_tokens_details":{"text_tokens":207,"audio_tokens":0,"image_tokens":100,"cached_tokens":50},"completion_tokens_details":{"reasoning_tokens":259,"audio_tokens":0},"num_sources_used":0,"cost_in_usd_ticks":5411000}}"#,
            input: 307,
            output: 283,
            cacheRead: 50,
            reasoning: 259,
            model: "grok-x",
            others: [.inputImage: 100, .inputText: 157],
            cost: 541_100_000
        ),
        Fixture(
            name: "xai responses",
            path: "/v1/responses",
            body:
                #"{"model":"grok-x","usage":{"input_tokens":20,"input_tokens_details":{"cached_tokens":4},"output_tokens":50,"output_tokens_details":{"reasoning_tokens":40},"total_tokens":70,"num_server_side_tools_used":1,"cost_in_usd_ticks":10}}"#,
            input: 20,
            output: 50,
            cacheRead: 4,
            reasoning: 40,
            model: "grok-x",
            cost: 1000
        ),
        Fixture(
            name: "xai images: only a cost",
            path: "/v1/images/generations",
            body: #"{"data":[{"url":"https://x"}],"usage":{"cost_in_usd_ticks":200000000}}"#,
            others: [.images: 1],
            cost: 20_000_000_000
        ),
        Fixture(
            name: "azure grok: more cached than asked",
            path: "/models/chat/completions",
            body:
                #"{"model":"grok-x","usage":{"prompt_tokens":29,"completion_tokens":6,"total_tokens":35,"prompt_tokens_details":{"cached_tokens":157}}}"#,
            input: 29,
            output: 6,
            cacheRead: 29,
            model: "grok-x",
            anomalies: 1
        ),
        Fixture(
            name: "azure stream: empty first model",
            path: "/openai/deployments/my-gpt/chat/completions",
            contentType: events,
            body: """
                data: {"choices":[],"created":0,"id":"","model":"","object":"","prompt_filter_results":[{"prompt_index":0}]}

                data: {"choices":[{"delta":{"content":"x"}}],"id":"c","model":"gpt-x-1","usage":null}

                data: {"choices":[],"id":"c","model":"","usage":{"prompt_tokens":8,"completion_tokens":2,"total_tokens":10}}

                data: [DONE]


                """,
            input: 8,
            output: 2,
            model: "gpt-x-1",
            source: .stream
        ),
        Fixture(
            name: "openrouter stream",
            path: "/api/v1/chat/completions",
            contentType: events,
            body: """
                : OPENROUTER PROCESSING

                : OPENROUTER PROCESSING

                data: {"id":"gen","model":"a/b","choices":[{"delta":{"content":"x"}}]}

                data: {"id":"gen","model":"a/b","choices":[{"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"completion_tokens":5,"total_tokens":25,"cost":0.0133176,"is_byok":false,"prompt_tokens_details":{"cached_tokens":0,"cache_write_tokens":0,"audio_tokens":0},"cost_details":{"upstream_inference_cost":null},"completion_tokens_details":{"reasoning_tokens":9},"server_tool_use_details":{"web_search_requests":1}}}

                data: [DONE]


                """,
            input: 20,
            output: 5,
            reasoning: 5,
            model: "a/b",
            source: .stream,
            others: [.webSearches: 1],
            cost: 13_317_600_000,
            anomalies: 1
        ),
        Fixture(
            name: "deepseek",
            path: "/chat/completions",
            body:
                #"{"model":"deepseek-x","usage":{"prompt_tokens":200,"completion_tokens":30,"total_tokens":230,"prompt_tokens_details":null,"prompt_cache_hit_tokens":128,"prompt_cache_miss_tokens":72,"completion_tokens_details":{"reasoning_tokens":10}}}"#,
            input: 200,
            output: 30,
            cacheRead: 128,
            reasoning: 10,
            model: "deepseek-x",
            others: [.inputText: 72]
        ),
        Fixture(
            name: "chat names inside a response",
            path: "/openai/v1/responses",
            body:
                #"{"object":"response","model":"DeepSeek-x","usage":{"prompt_tokens":12,"completion_tokens":8,"total_tokens":20}}"#,
            input: 12,
            output: 8,
            model: "DeepSeek-x"
        ),
        Fixture(
            name: "mistral stream: tier inside the usage, old name of the cache",
            path: "/v1/chat/completions",
            contentType: events,
            body: """
                data: {"model":"mistral-x","choices":[{"delta":{"content":""},"finish_reason":"stop"}],"usage":{"prompt_tokens":20,"total_tokens":28,"completion_tokens":8,"num_cached_tokens":16,"service_tier":"flex"}}

                data: [DONE]


                """,
            input: 20,
            output: 8,
            cacheRead: 16,
            model: "mistral-x",
            source: .stream,
            tier: "flex"
        ),
        Fixture(
            name: "mistral ocr",
            path: "/v1/ocr",
            body: #"{"pages":[{"index":0}],"model":"ocr-x","usage_info":{"pages_processed":3,"doc_size_bytes":1000}}"#,
            model: "ocr-x",
            others: [.pages: 3]
        ),
        Fixture(
            name: "perplexity deep research",
            path: "/chat/completions",
            contentType: events,
            body: """
                data: {"model":"sonar-x","choices":[{"delta":{"content":"a"}}],"usage":{"prompt_tokens":9,"completion_tokens":1,"total_tokens":10}}

                data: {"model":"sonar-x","choices":[{"delta":{"content":"b"}}],"usage":{"prompt_tokens":9,"completion_tokens":100,"total_tokens":109,"citation_tokens":40,"num_search_queries":3,"reasoning_tokens":500,"cost":{"input_tokens_cost":0.1,"total_cost":0.41}}}


                """,
            input: 9,
            output: 640,
            reasoning: 500,
            model: "sonar-x",
            source: .stream,
            others: [.webSearches: 3, .outputCitation: 40],
            cost: 410_000_000_000
        ),
        Fixture(
            name: "together: cached at the top of the usage",
            path: "/v1/chat/completions",
            body: #"{"usage":{"prompt_tokens":40,"completion_tokens":2,"total_tokens":42,"cached_tokens":32}}"#,
            input: 40,
            output: 2,
            cacheRead: 32
        ),
        Fixture(
            name: "writer: singular details",
            path: "/v1/chat",
            body:
                #"{"model":"palmyra-x","usage":{"prompt_tokens":40,"completion_tokens":2,"total_tokens":42,"prompt_token_details":{"cached_tokens":8},"completion_tokens_details":null}}"#,
            input: 40,
            output: 2,
            cacheRead: 8,
            model: "palmyra-x"
        ),
        Fixture(
            name: "databricks: cache names of Anthropic inside the prompt",
            path: "/serving-endpoints/my-claude/invocations",
            body:
                #"{"model":"claude-x","choices":[],"usage":{"prompt_tokens":1000,"completion_tokens":5,"total_tokens":1005,"cache_read_input_tokens":900,"cache_creation_input_tokens":50}}"#,
            input: 1000,
            output: 5,
            cacheRead: 900,
            cacheWrite: 50,
            model: "claude-x",
            others: [.inputText: 50]
        ),
        Fixture(
            name: "minimax: Anthropic's exclusion",
            path: "/anthropic/v1/messages",
            body:
                #"{"model":"MiniMax-x","usage":{"input_tokens":10,"output_tokens":3,"cache_creation_input_tokens":0,"cache_read_input_tokens":90}}"#,
            input: 100,
            output: 3,
            cacheRead: 90,
            model: "MiniMax-x"
        ),
        Fixture(
            name: "dashscope native stream",
            path: "/api/v1/services/aigc/text-generation/generation",
            contentType: events,
            body:
                "id:1\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{\"text\":\"a\",\"finish_reason\":\"null\"},\"usage\":{\"total_tokens\":6,\"input_tokens\":5,\"output_tokens\":1},\"request_id\":\"q\"}\n\nid:2\nevent:result\n:HTTP_STATUS/200\ndata:{\"output\":{\"text\":\"ab\",\"finish_reason\":\"stop\"},\"usage\":{\"total_tokens\":14,\"input_tokens\":5,\"output_tokens\":9,\"prompt_tokens_details\":{\"cached_tokens\":2}},\"request_id\":\"q\"}\n\n",
            input: 5,
            output: 9,
            cacheRead: 2,
            source: .stream
        ),
        Fixture(
            name: "moonshot: usage of the last choice",
            path: "/v1/chat/completions",
            contentType: events,
            body:
                "data: {\"model\":\"kimi\",\"choices\":[{\"delta\":{},\"finish_reason\":\"stop\",\"usage\":{\"prompt_tokens\":19,\"completion_tokens\":13,\"total_tokens\":32,\"cached_tokens\":12}}]}\n\ndata: [DONE]\n\n",
            input: 19,
            output: 13,
            cacheRead: 12,
            model: "kimi",
            source: .stream
        ),
        Fixture(
            name: "floats, nulls and unknown keys",
            path: "/v1-openai/chat/completions",
            body:
                #"{"model":"m","timings":{"prompt_n":4},"usage":{"prompt_tokens":4.0,"completion_tokens":6,"total_tokens":10,"tokens_per_second":47.3,"prompt_tokens_details":null,"completion_tokens_details":{"reasoning_tokens":null},"pydantic_ai_gateway":{"cost_estimate":0.1}}}"#,
            input: 4,
            output: 6,
            model: "m"
        ),
        Fixture(
            name: "no completion",
            path: "/v1/completions",
            body: #"{"model":"m","choices":[],"usage":{"prompt_tokens":7,"total_tokens":7}}"#,
            input: 7,
            model: "m"
        ),
    ]
}
