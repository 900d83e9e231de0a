import Simulator
import Testing

@Suite struct FaultTests {
    static let stream = #"{"model":"m","stream":true,"messages":[{"content":"hi"}]}"#
    static let plain = #"{"model":"m","messages":[{"content":"hi"}]}"#

    @Test(arguments: ["cut", "reset;at=3", "truncate", "malformed", "bad-sse", "error-event", "utf8-split"])
    func streamsGoWrongAsAsked(control: String) async throws {
        try await withSimulator { provider in
            let answer = try await exchange(
                with: provider,
                post("/v1/chat/completions", Self.stream, headers: ["x-sim: fault=\(control)"])
            )
            #expect(answer.hasPrefix("HTTP/1.1 200 OK\r\n"))
            let ended = answer.hasSuffix("0\r\n\r\n")
            switch control {
            case "cut": #expect(!answer.contains("[DONE]") && !ended)
            case "truncate": #expect(answer.contains("[DONE]") && !ended)
            case "malformed": #expect(answer.contains("unfinished\n\n") && ended)
            case "error-event": #expect(answer.contains(#"data: {"error":"#) && !answer.contains("[DONE]") && ended)
            case "utf8-split": #expect(ended)
            default: #expect(ended == (control == "bad-sse"))
            }
        }
    }

    @Test(arguments: [("status=401", "401"), ("status=429;retry-after=7", "429"), ("status=503", "503")])
    func statusesAreAnsweredInTheDialect(control: String, status: String) async throws {
        try await withSimulator { provider in
            for path in ["/v1/chat/completions", "/v1/messages", "/v1beta/models/g:generateContent"] {
                let answer = try await exchange(with: provider, post(path, Self.plain, headers: ["x-sim: \(control)"]))
                #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
                #expect(answer.contains("\"error\""))
                #expect(answer.contains("retry-after: 7") == control.contains("retry-after"))
            }
        }
    }

    @Test func aPlainAnswerIsCutInTheMiddle() async throws {
        try await withSimulator { provider in
            let answer = try await exchange(with: provider, post("/v1/messages", Self.plain, headers: ["x-sim: cut"]))
            #expect(answer.contains("content-length: "))
            #expect(!answer.hasSuffix("}"))
        }
    }

    @Test func aHeaderCanBeHuge() async throws {
        try await withSimulator { provider in
            let control = "x-sim: huge-header;header=100000"
            let answer = try await exchange(with: provider, post("/v1/messages", Self.plain, headers: [control]))
            #expect(answer.utf8.count > 100_000)
        }
    }

    @Test func faultsOfATagStrikeTheFirstRequestsOnly() async throws {
        try await withSimulator { provider in
            let request = post("/v1/messages", Self.plain, headers: ["x-sim: status=500;first=2;tag=a"])
            var statuses: [Substring] = []
            for _ in 0..<3 { statuses.append(try await exchange(with: provider, request).dropFirst(9).prefix(3)) }
            #expect(statuses == ["500", "500", "200"])
        }
    }

    @Test(arguments: [
        ("authorization: Bearer good-key", "200"), ("x-api-key: good-key", "200"), ("x-goog-api-key: good-key", "200"),
        ("authorization: Bearer other", "401"), ("x-none: 1", "401"), ("x-api-key: sk-status-429-a", "429"),
    ])
    func keysAreChecked(header: String, status: String) async throws {
        try await withSimulator(keys: ["good-key"]) { provider in
            let answer = try await exchange(with: provider, post("/v1/messages", Self.plain, headers: [header]))
            #expect(answer.dropFirst(9).prefix(3) == status)
        }
    }

    @Test func theLogHidesCredentials() async throws {
        try await withSimulator { provider in
            _ = try await exchange(
                with: provider,
                post("/v1/messages?key=very-secret-abcdef", Self.plain, headers: ["X-Api-Key: sk-very-secret-123456"])
            )
            let request = try #require(provider.requests.first)
            #expect(request.method == "POST")
            #expect(request.path == "/v1/messages")
            #expect(request.target == "/v1/messages?key=...abcdef")
            #expect(request.header("x-api-key") == "...123456")
            #expect(request.body == Array(Self.plain.utf8))
        }
    }

    @Test func pipelinedRequestsAreAnsweredInOrder() async throws {
        try await withSimulator { provider in
            let first = "GET /v1/models HTTP/1.1\r\nhost: sim\r\n\r\n"
            let answer = try await exchange(with: provider, first + post("/v1/messages", Self.plain))
            let models = try #require(answer.firstRange(of: "sim-large"))
            let message = try #require(answer.firstRange(of: "msg_sim_"))
            #expect(models.lowerBound < message.lowerBound)
        }
    }
}
