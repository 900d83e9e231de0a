import Simulator
import Testing

@Suite struct AnswerTests {
    static let chat = #"{"model":"gpt-4o","messages":[{"role":"user","content":"two words"}]}"#

    @Test(arguments: [
        ("/v1/chat/completions", #"{"messages":[{"role":"user","content":"two words"}]}"#, #""prompt_tokens":5"#),
        ("/v1/completions", #"{"prompt":"two words"}"#, #""completion_tokens":12"#),
        ("/v1/responses", #"{"input":"two words"}"#, #""input_tokens":5"#),
        ("/v1/embeddings", #"{"input":["two","words"]}"#, #""total_tokens":5"#),
        ("/v1/messages", #"{"messages":[{"role":"user","content":"two words"}]}"#, #""input_tokens":5"#),
        ("/v1/messages/count_tokens", #"{"messages":[{"content":"two words"}]}"#, #"{"input_tokens":5}"#),
        ("/v1beta/models/g:generateContent", #"{"contents":[{"parts":[{"text":"a b"}]}]}"#, #""promptTokenCount":5"#),
        ("/v1beta/models/g:batchEmbedContents", #"{"requests":[{"content":{"parts":[{"text":"a b"}]}}]}"#, "values"),
        ("/v1beta/models/g:embedContent", #"{"content":{"parts":[{"text":"a b"}]}}"#, #""promptTokenCount":5"#),
        ("/v1beta/models/g:countTokens", #"{"contents":[{"parts":[{"text":"a b"}]}]}"#, #""totalTokens":5"#),
    ])
    func plainAnswersCountTheirWords(path: String, body: String, expected: String) async throws {
        try await withSimulator { provider in
            let answer = try await exchange(with: provider, post(path, body))
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            #expect(answer.contains(expected))
            #expect(answer.contains(#""input_total":5"#))
        }
    }

    @Test func usageOfAChatStreamComesOnlyWhenAsked() async throws {
        try await withSimulator { provider in
            let body = #"{"model":"m","stream":true,"messages":[{"content":"hi"}]"#
            let silent = try await exchange(with: provider, post("/v1/chat/completions", body + "}"))
            #expect(!silent.contains(#""usage""#))
            #expect(silent.contains("data: [DONE]"))
            let asked = try await exchange(
                with: provider,
                post("/v1/chat/completions", body + #","stream_options":{"include_usage":true}}"#)
            )
            #expect(asked.contains(#""usage":null"#))
            #expect(asked.contains(#""choices":[],"usage":{"prompt_tokens":4"#))
        }
    }

    @Test func controlsInTheModelNameDoNotReachTheAnswer() async throws {
        try await withSimulator { provider in
            let body = #"{"model":"gpt-4o-sim-cached.2-reasoning.9-input.100","messages":[{"content":"hi"}]}"#
            let answer = try await exchange(with: provider, post("/v1/chat/completions", body))
            #expect(answer.contains(#""model":"gpt-4o""#))
            #expect(answer.contains(#""cached_tokens":2"#))
            #expect(answer.contains(#""reasoning_tokens":9"#))
            #expect(answer.contains(#""prompt_tokens":104"#))
        }
    }

    @Test func partsOfTheInputNeverExceedIt() async throws {
        try await withSimulator { provider in
            let answer = try await exchange(
                with: provider,
                post("/v1/messages", "{}", headers: ["x-sim: cached=2;cache-write=9;cache-write-1h=9"])
            )
            #expect(
                answer.contains(#""input_total":3,"input_text":0,"cache_read":2,"cache_write_5m":1,"cache_write_1h":0"#)
            )
        }
    }

    @Test func outputLimitEndsTheText() async throws {
        try await withSimulator { provider in
            let answer = try await exchange(
                with: provider,
                post("/v1/responses", #"{"input":"a","max_output_tokens":4}"#)
            )
            #expect(answer.contains(#""status":"incomplete""#))
            #expect(answer.contains(#""output_tokens":4"#))
        }
    }

    @Test func geminiStreamsAsArrayOrEvents() async throws {
        try await withSimulator { provider in
            let path = "/v1beta/models/g:streamGenerateContent"
            let array = try await exchange(with: provider, post(path, "{}"))
            #expect(array.contains("\r\n[{\"candidates\""))
            let events = try await exchange(with: provider, post(path + "?alt=sse&key=abc", "{}"))
            #expect(events.contains("data: {\"candidates\""))
            #expect(!events.contains("[DONE]"))
        }
    }

    @Test func benchAnswersAreReadyMade() async throws {
        try await withSimulator { provider in
            let plain = try await exchange(with: provider, post("/bench/v1/chat/completions", "{}"))
            #expect((900...1400).contains(plain.utf8.count))
            let stream = try await exchange(with: provider, post("/bench/stream/v1/chat/completions", "{}"))
            #expect(stream.hasSuffix("data: [DONE]\n\n\r\n0\r\n\r\n"))
            #expect(provider.requests.isEmpty)
        }
    }
}
