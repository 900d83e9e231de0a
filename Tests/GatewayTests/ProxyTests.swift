import Accounting
import Events
import Foundation
import Gateway
import Settings
import Simulator
import Testing

@Suite("The proxy, end to end on loopback", .serialized)
struct ProxyTests {
    private let chat = "/proxy/openai/v1/chat/completions"

    private func simUsage(_ answer: String) throws -> [String: Any] {
        let header = try #require(answer.httpHeader("x-sim-usage"))
        return try #require(JSONSerialization.jsonObject(with: Data(header.utf8)) as? [String: Any])
    }

    @Test("A plain answer passes whole and is in the ledger before the client has it")
    func plain() async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(
                post(chat, #"{"model":"gpt-4o","messages":[{"role":"user","content":"one two three"}]}"#)
            )
            #expect(answer.httpStatus == 200)
            let events = try loop.events()
            let event = try #require(events.first)
            #expect(events.count == 1)
            #expect(answer.httpHeader("x-tollgate-request-id") == event.id.text)
            let usage = try simUsage(answer)
            #expect(event.usage.counts.total(.input).map { Int($0) } == usage["input_total"] as? Int, "\(usage)")
            #expect(event.outcome == .completed)
            #expect(event.status == 200)
            #expect(event.modelRequested == "gpt-4o")
            #expect(event.cost.state == .priced)
            #expect(event.attempts.count == 1)
        }
    }

    @Test("A stream passes, and the usage that was asked for on the way is hidden again")
    func streamHidden() async throws {
        try await withGateway { loop in
            let body = #"{"model":"gpt-4o","stream":true,"messages":[{"role":"user","content":"hi there"}]}"#
            let answer = try await loop.exchange(post(chat, body))
            #expect(answer.contains("data: [DONE]"))
            #expect(answer.hasSuffix("0\r\n\r\n"))
            #expect(!answer.contains(#""choices":[]"#))
            let sent = try #require(loop.upstreams[0].requests.first)
            #expect(String(decoding: sent.body, as: UTF8.self).contains(#""include_usage":true"#))
            let event = try #require(try loop.events().first)
            #expect(event.stream)
            #expect(event.usage.complete)
            #expect(event.usage.source == .stream)
            #expect(event.usage.counts.total(.output) ?? 0 > 0)
            #expect(event.firstByteDuration != nil)
        }
    }

    @Test("A client that asks for usage gets it")
    func streamShown() async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(
                post(
                    chat,
                    #"{"model":"gpt-4o","stream":true,"stream_options":{"include_usage":true},"messages":[]}"#
                )
            )
            #expect(answer.contains(#""choices":[]"#))
            #expect(try loop.events().first?.usage.complete == true)
        }
    }

    @Test("Requests on one connection, pipelined ones included, are answered in order")
    func pipelined() async throws {
        try await withGateway { loop in
            let body = #"{"model":"gpt-4o","messages":[]}"#
            let three =
                post(chat, body, close: false) + post(chat, body, close: false) + post(chat, body, close: true)
            let answer = try await loop.exchange(three)
            #expect(answer.components(separatedBy: "HTTP/1.1 200").count == 4)
            #expect(try loop.events().count == 3)
            #expect(Set(loop.upstreams[0].requests.map(\.connection)).count == 1)
        }
    }

    @Test(
        "Refusals speak the caller's dialect",
        arguments: [
            ("/proxy/nowhere/v1/chat/completions", 404, "unknown_group", #""type":"invalid_request_error""#),
            ("/elsewhere", 404, "not_proxied", #""code":"not_proxied""#),
            ("/proxy/nowhere/v1/messages", 404, "unknown_group", #""type":"not_found_error""#),
        ]
    )
    func refusals(path: String, status: Int, code: String, text: String) async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(post(path, "{}"))
            #expect(answer.httpStatus == status)
            #expect(answer.httpHeader("x-tollgate-error") == code)
            #expect(answer.httpBody.contains(text))
            #expect(try loop.events().first?.outcome == .rejected)
        }
    }

    @Test("TRACE would show the provider's key, so it is refused")
    func trace() async throws {
        try await withGateway { configuration in
            configuration.groups[0].keys = ["sk-provider"]
        } _: { loop in
            let answer = try await loop.exchange(
                "TRACE \(chat) HTTP/1.1\r\nhost: t\r\nconnection: close\r\n\r\n"
            )
            #expect(answer.httpStatus == 405)
            #expect(answer.httpHeader("x-tollgate-error") == "method_not_allowed")
            #expect(loop.upstreams[0].requests.isEmpty)
            #expect(try loop.events().first?.outcome == .rejected)
        }
    }

    @Test("A whole URL is taken for its path")
    func absoluteForm() async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(post("http://gateway.example" + chat, #"{"model":"m","messages":[]}"#))
            #expect(answer.httpStatus == 200)
            #expect(loop.upstreams[0].requests.first?.target == "/v1/chat/completions")
        }
    }

    @Test(
        "A caller's key is read from each of the four places and does not travel on",
        arguments: ["authorization: Bearer alice-key", "x-api-key: alice-key", "x-goog-api-key: alice-key", "?key"]
    )
    func callerKeys(place: String) async throws {
        try await withGateway { configuration in
            configuration.clients = [.init(name: "alice", keys: ["alice-key"], groups: ["openai"])]
            configuration.groups[0].keys = ["sk-provider"]
        } _: { loop in
            let target = place == "?key" ? chat + "?key=alice-key&x=1" : chat
            let headers = place == "?key" ? [] : [place]
            let answer = try await loop.exchange(post(target, #"{"model":"m","messages":[]}"#, headers))
            #expect(answer.httpStatus == 200)
            let sent = try #require(loop.upstreams[0].requests.first)
            #expect(sent.header("authorization")?.hasSuffix("ovider") == true)
            // The simulator keeps only the last six characters of a credential.
            #expect(!sent.headers.contains { $0.value.hasSuffix("ce-key") })
            #expect(!sent.target.contains("alice-key"))
            #expect(try loop.events().first?.client == "alice")
        }
    }

    @Test("A wrong key is refused, a right one stays out of other groups")
    func wrongKey() async throws {
        try await withGateway { configuration in
            configuration.clients = [.init(name: "alice", keys: ["alice-key"], groups: ["openai"])]
        } _: { loop in
            let wrong = try await loop.exchange(post(chat, "{}", ["authorization: Bearer nope"]))
            #expect(wrong.httpStatus == 401)
            let elsewhere = try await loop.exchange(
                post("/proxy/anthropic/v1/messages", "{}", ["x-api-key: alice-key"])
            )
            #expect(elsewhere.httpStatus == 403)
            #expect(loop.upstreams[0].requests.isEmpty)
        }
    }

    @Test("Bodies over the limit get 413, with or without a stated length")
    func tooLarge() async throws {
        try await withGateway {
            $0.limits.requestBody = 100
        } _: { loop in
            let body = String(repeating: "x", count: 200)
            let stated = try await loop.exchange(post(chat, body))
            #expect(stated.httpStatus == 413)
            let chunked =
                "POST \(chat) HTTP/1.1\r\nhost: t\r\ntransfer-encoding: chunked\r\n\r\nc8\r\n\(body)\r\n0\r\n\r\n"
            let unstated = try await loop.exchange(chunked)
            #expect(unstated.httpStatus == 413)
            #expect(loop.upstreams[0].requests.isEmpty)
        }
    }

    @Test("A huge or malformed head is refused with a reason")
    func badHeads() async throws {
        try await withGateway {
            $0.limits.headers = 4096
        } _: { loop in
            let huge = try await loop.exchange(post(chat, "{}", ["x-big: " + String(repeating: "a", count: 5000)]))
            #expect(huge.httpStatus == 431)
            let broken = try await loop.exchange("POST \(chat) HTTP/1.1\nhost: t\n\n")
            #expect(broken.httpStatus == 400)
        }
    }

    @Test("Keys rotate, and a rejected or exhausted one is passed over")
    func keyRotation() async throws {
        try await withGateway { configuration in
            configuration.groups[0].keys = ["a-status-429", "b-status-401", "good"]
        } _: { loop in
            for _ in 0..<3 {
                let answer = try await loop.exchange(post(chat, #"{"model":"gpt-4o","messages":[]}"#))
                #expect(answer.httpStatus == 200)
            }
            let events = try loop.events()
            #expect(events[0].attempts.map(\.status) == [429, 401, 200])
            #expect(events[0].attempts.map(\.failure) == [.rateLimit, .keyFault, nil])
            #expect(events[1].attempts.count == 1)
            #expect(events[2].attempts.count == 1)
        }
    }

    @Test("Another upstream takes over from one that fails or is not there")
    func failover() async throws {
        try await withGateway { configuration in
            configuration.groups[0].upstreams.insert(
                .init(tls: false, host: "127.0.0.1", port: 1, weight: 10),
                at: 0
            )
        } _: { loop in
            let answer = try await loop.exchange(post(chat, #"{"model":"gpt-4o","messages":[]}"#))
            #expect(answer.httpStatus == 200)
            #expect(try loop.events().first?.attempts.map(\.failure) == [.connect, nil])
        }
    }

    @Test("The last failure passes as the provider said it, with its headers")
    func lastFailure() async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(
                post(chat, #"{"model":"gpt-4o","messages":[]}"#, ["x-sim: status=429;retry-after=7"])
            )
            #expect(answer.httpStatus == 429)
            #expect(answer.httpHeader("retry-after") == "7")
            #expect(answer.httpHeader("x-tollgate-error") == nil)
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .upstreamError)
            #expect(event.cost.state == .none)
        }
    }

    @Test("An upstream that is not there gives 502 in the dialect")
    func unreachable() async throws {
        try await withGateway {
            $0.groups[1].upstreams = [.init(tls: false, host: "127.0.0.1", port: 1)]
        } _: { loop in
            let answer = try await loop.exchange(post("/proxy/anthropic/v1/messages", #"{"model":"m"}"#))
            #expect(answer.httpStatus == 502)
            #expect(answer.httpHeader("x-tollgate-error") == "upstream_unreachable")
            #expect(answer.httpBody.contains(#""type":"api_error""#))
            #expect(try loop.events().first?.outcome == .upstreamError)
        }
    }

    @Test("An upstream that does not answer in time gives 504")
    func slow() async throws {
        try await withGateway {
            $0.groups[0].timeouts.firstByte = .milliseconds(150)
        } _: { loop in
            let answer = try await loop.exchange(
                post(chat, #"{"model":"gpt-4o","messages":[]}"#, ["x-sim: fault=hang"])
            )
            #expect(answer.httpStatus == 504)
            #expect(try loop.events().first?.attempts.first?.failure == .firstByteTimeout)
        }
    }

    @Test("A stream that breaks off reaches the client broken, and its event says so")
    func cutStream() async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(
                post(chat, #"{"model":"gpt-4o","stream":true,"messages":[]}"#, ["x-sim: fault=cut"])
            )
            #expect(answer.httpStatus == 200)
            #expect(!answer.hasSuffix("0\r\n\r\n"))
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .upstreamCut)
            #expect(!event.usage.complete)
        }
    }

    @Test("A stream that falls silent is cut after the idle time")
    func stalledStream() async throws {
        try await withGateway {
            $0.groups[0].timeouts.idle = .milliseconds(150)
        } _: { loop in
            let answer = try await loop.exchange(
                post(chat, #"{"model":"gpt-4o","stream":true,"messages":[]}"#, ["x-sim: fault=stall"])
            )
            #expect(!answer.hasSuffix("0\r\n\r\n"))
            #expect(try loop.events().first?.attempts.first?.failure == .idleTimeout)
        }
    }

    @Test("A client that leaves cancels the upstream, or lets it be drained", arguments: [false, true])
    func clientGone(drains: Bool) async throws {
        try await withGateway {
            $0.groups[0].onDisconnect = drains ? .drain : .cancel
        } _: { loop in
            try await Wire.leaveAfter(
                500,
                port: loop.gateway.port,
                post(chat, #"{"model":"gpt-4o","stream":true,"messages":[]}"#, ["x-sim: pace=20;chunks=12"])
            )
            await loop.gateway.drain(within: .seconds(5))
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .clientGone)
            #expect(event.usage.complete == drains)
            #expect((event.usage.counts.total(.output) ?? 0 > 0) == drains)
        }
    }

    @Test("A broken answer passes as it is, its usage unknown", arguments: ["malformed", "utf8-split"])
    func brokenBodies(fault: String) async throws {
        try await withGateway { loop in
            let answer = try await loop.exchange(
                post(chat, #"{"model":"gpt-4o","messages":[]}"#, ["x-sim: fault=\(fault)"])
            )
            #expect(answer.httpStatus == 200)
            let event = try #require(try loop.events().first)
            #expect(event.usage.complete == (fault == "utf8-split"))
            if fault == "malformed" { #expect(event.cost.state == .unpriced) }
        }
    }
}
