import Foundation
import Metering
import Testing

@Suite("Requests")
struct RequestTests {
    private static let chat = Route(method: "POST", path: "/v1/chat/completions", query: nil, hint: .openai)

    private func facts(_ body: String, _ route: Route = chat, contentType: String? = nil) -> RequestFacts {
        Array(body.utf8).withUnsafeBytes { RequestFacts(scanning: $0, route: route, contentType: contentType) }
    }

    private func edited(_ body: String) -> String? {
        guard let edit = facts(body).usageInsertion else { return nil }
        var bytes = Array(body.utf8)
        bytes.replaceSubrange(edit.range, with: edit.replacement)
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(arguments: [
        (#"{"model":"m","stream":true}"#, #"{"stream_options":{"include_usage":true},"model":"m","stream":true}"#),
        (
            #" { "stream": true , "n":1.50 }"#,
            #" {"stream_options":{"include_usage":true}, "stream": true , "n":1.50 }"#
        ),
        (
            #"{"stream":true,"stream_options":{}}"#, #"{"stream":true,"stream_options":{"include_usage":true}}"#
        ),
        (#"{"stream":true,"stream_options":null}"#, #"{"stream":true,"stream_options":{"include_usage":true}}"#),
        (
            #"{"stream":true,"stream_options":{"include_usage": false}}"#,
            #"{"stream":true,"stream_options":{"include_usage": true}}"#
        ),
        (
            #"{"stream_options":{"x":[1,{}]},"stream":true}"#,
            #"{"stream_options":{"include_usage":true,"x":[1,{}]},"stream":true}"#
        ),
    ])
    func usageIsAskedForByAnEditInPlace(_ body: String, _ wanted: String) throws {
        let result = try #require(edited(body))
        #expect(result == wanted)
        let object = try JSONSerialization.jsonObject(with: Data(result.utf8)) as? [String: Any]
        #expect((object?["stream_options"] as? [String: Any])?["include_usage"] as? Bool == true)
    }

    @Test(arguments: [
        #"{"stream":true,"stream_options":{"include_usage":true}}"#, #"{"stream":false}"#, #"{"model":"m"}"#,
        #"{"stream":true"#, #"{"stream":true,"stream_options":7}"#, "", "[]",
        #"{"nested":{"stream":true}}"#, #"{"stream":true,"stream":false}"#,
    ])
    func noEditWhereNoneIsNeededOrPossible(_ body: String) {
        #expect(facts(body).usageInsertion == nil)
    }

    @Test func responsesAreNeverEdited() {
        let route = Route(method: "POST", path: "/v1/responses", query: nil, hint: .openai)
        #expect(facts(#"{"stream":true}"#, route).usageInsertion == nil)
        #expect(facts(#"{"stream":true}"#, route).stream == true)
    }

    @Test func modelAndItsPlace() throws {
        let body = #"{"messages":[{"model":"no \" no"}],"model":"old","model" : "ga/ü"}"#
        let found = facts(body)
        #expect(found.model == "ga/ü")
        let range = try #require(found.modelRange)
        #expect(String(decoding: Array(body.utf8)[range], as: UTF8.self) == "ga/ü")
        #expect(facts(#"{"model":"a\u0062"}"#).model == "ab")
        #expect(facts(#"{"model":"a\u0062"}"#).modelRange == nil)
        #expect(facts(#"{"model":"\#(String(repeating: "x", count: 257))"}"#).model == nil)
    }

    @Test func formFields() throws {
        let body =
            "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"model\"\r\n\r\n\u{1}\r\n--b\r\n"
            + "Content-Disposition: form-data; name=\"model\"\r\n\r\nwhisper-1\r\n--b\r\n"
            + "Content-Disposition: form-data; name=\"stream\"\r\n\r\ntrue\r\n--b--\r\n"
        let route = Route(method: "POST", path: "/v1/audio/transcriptions", query: nil, hint: .openai)
        let found = facts(body, route, contentType: "multipart/form-data; boundary=b")
        #expect(found.model == "whisper-1")
        let range = try #require(found.modelRange)
        #expect(String(decoding: Array(body.utf8)[range], as: UTF8.self) == "whisper-1")
        #expect(found.stream == true)
        var nothing = RequestFacts()
        nothing.isForm = true
        #expect(facts("--b", route, contentType: "multipart/form-data; boundary=b") == nothing)
    }

    /// A key that is spelled with escapes, or behind a byte order mark, is the same key.
    @Test(arguments: [
        #"{"mod\u0065l":"m","str\u0065am":true}"#, "\u{FEFF}{\"model\":\"m\",\"stream\":true}",
        #"{"\u006d\u006f\u0064\u0065\u006c":"m","\u0073\u0074\u0072\u0065\u0061\u006d":true}"#,
    ])
    func keysAreFoundInAnySpelling(body: String) {
        #expect(facts(body).model == "m")
        #expect(facts(body).stream == true)
        #expect(facts(body).usageInsertion != nil)
        #expect(facts(#"{"stream":true,"stream_opti\u006fns":{"include_usage":true}}"#).asksUsage == true)
    }

    /// What cannot be read may name a model; what can be read and names none does not.
    @Test(arguments: [
        ("application/json", nil, "{}", false), ("application/json", nil, "", false),
        ("application/json", nil, "[]", false),
        ("application/json", "br", "{}", true), ("application/json", "gzip, gzip", "{}", true),
        ("application/json", nil, "\u{0}{\u{0}}", true), ("text/plain", nil, "hello", true),
        ("multipart/form-data; boundary=b", nil, "--b--", false),
    ])
    func whatCannotBeReadIsOpaque(type: String, coding: String?, body: String, isOpaque: Bool) {
        let found = Array(body.utf8).withUnsafeBytes {
            RequestFacts(scanning: $0, route: Self.chat, contentType: type, contentEncoding: coding)
        }
        #expect(found.isOpaque == isOpaque)
    }

    @Test func formFieldsWithoutQuotes() {
        let body = "--b\r\nContent-Disposition: form-data; name=model; x=y\r\n\r\nwhisper-1\r\n--b--\r\n"
        let route = Route(method: "POST", path: "/v1/audio/transcriptions", query: nil, hint: .openai)
        #expect(facts(body, route, contentType: "multipart/form-data; boundary=b").model == "whisper-1")
    }

    /// Spellings of a path that servers take for the same.
    @Test(
        arguments: [
            ("/v1beta/models/gemini-x%3AgenerateContent", .chat, "gemini-x"),
            ("/v1beta/models/gemini-x:generate%43ontent", .chat, "gemini-x"),
            ("/v1/chat/completion%73", .chat, nil), ("/v1/chat/completions;a=b", .chat, nil),
            ("/v1/chat/completions%20%20", .chat, nil), ("/v1/chat%2Fcompletions", .chat, nil),
            ("/v1/chat%2fcompletions", .chat, nil), ("/v1/chat/completions/models/..", .chat, nil),
            ("/v1/chat/completions/files/%2e%2E", .chat, nil), ("/v1/./chat/completions/.", .chat, nil),
            ("/v1/files/..%2f", .management, nil), ("/v1/files/%", .management, nil), ("/..", .other, nil),
            ("/model/arn%3Aaws%3Abedrock%3Aus%3A1%3Aprofile%2Fx/invoke", .chat, "arn:aws:bedrock:us:1:profile/x"),
        ] as [(String, Metering.Operation, String?)]
    )
    func pathsAreReadInAnySpelling(path: String, operation: Metering.Operation, model: String?) {
        let route = Route(method: "POST", path: path, query: nil, hint: .openai)
        #expect(route.operation == operation)
        #expect(route.model == model)
    }

    @Test(
        arguments: [
            ("POST", "//openai/v1/chat/completions", .chat, .openai, nil),
            ("POST", "/openai/deployments/gpt-4o/chat/completions", .chat, .openai, "gpt-4o"),
            ("GET", "/v1/chat/completions/c1", .poll, .openai, nil),
            ("GET", "/v1/responses/r1", .poll, .openai, nil),
            ("POST", "/v1/responses/r1/cancel", .poll, .openai, nil),
            ("POST", "/v1/responses/input_tokens", .countTokens, .openai, nil),
            ("POST", "/v1/messages", .chat, .anthropic, nil),
            ("POST", "/v1/messages/batches", .batch, .anthropic, nil),
            ("POST", "/v1beta/models/gemini-x:streamGenerateContent", .chat, .gemini, "gemini-x"),
            (
                "POST", "/v1/projects/p/locations/l/publishers/anthropic/models/claude-x@1:streamRawPredict", .chat,
                .anthropic, "claude-x@1"
            ),
            ("POST", "/model/us.amazon.nova-x-v1%3A0/converse-stream", .chat, .bedrock, "us.amazon.nova-x-v1:0"),
            (
                "POST", "/model/arn:aws:bedrock:us:1:inference-profile/x/invoke", .chat, .bedrock,
                "arn:aws:bedrock:us:1:inference-profile/x"
            ),
            ("POST", "/api/generate", .completion, .ollama, nil),
            ("POST", "/v2/chat", .chat, .cohere, nil),
            ("GET", "/v1/models", .management, .openai, nil),
            ("POST", "/v1/moderations", .moderation, .openai, nil),
            ("GET", "", .management, .openai, nil),
            ("GET", "/v1/realtime", .realtime, .openai, "gpt-realtime/x"),
            ("POST", "/v1/realtime/calls", .management, .openai, nil),
            ("GET", "/v1/responses", .realtime, .openai, "gpt-realtime/x"),
            (
                "GET", "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent", .realtime,
                .gemini, nil
            ),
        ] as [(String, String, Metering.Operation, Dialect, String?)]
    )
    func routes(_ method: String, _ path: String, _ operation: Metering.Operation, _ dialect: Dialect, _ model: String?)
    {
        let query = "api-version=2026-01-01&model=gpt-realtime%2Fx"
        let route = Route(method: method, path: path, query: query, hint: .openai)
        #expect(route.operation == operation)
        #expect(route.dialect == dialect)
        #expect(route.model == model)
    }
}
