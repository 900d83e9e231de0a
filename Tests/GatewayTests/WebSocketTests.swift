import Accounting
import Events
import Foundation
import Gateway
import Metering
import NIOCore
import NIOPosix
import Settings
import Synchronization
import Testing

@Suite("Websockets through the proxy", .serialized)
struct WebSocketTests {
    private static let turn =
        #"{"type":"response.done","response":{"id":"resp_1","usage":{"total_tokens":9,"input_tokens":5,"output_tokens":4}}}"#

    private func opening(_ target: String, _ headers: [String] = []) -> String {
        var text = "GET \(target) HTTP/1.1\r\nHost: t\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n"
        text += "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        text += "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n"
        for header in headers { text += header + "\r\n" }
        return text + "\r\n"
    }

    private func run(
        script: @escaping ScriptedUpstream.Script,
        edit: (inout Configuration) -> Void = { _ in },
        _ body: (Loopback) async throws -> Void
    ) async throws {
        let upstream = try await ScriptedUpstream.start(script)
        defer { upstream.stop() }
        try await withGateway { configuration in
            for index in configuration.groups.indices {
                configuration.groups[index].upstreams = [.init(tls: false, host: "127.0.0.1", port: upstream.port)]
            }
            edit(&configuration)
        } _: {
            try await body($0)
        }
    }

    @Test("Both directions pass as they are, the event is there before the client sees the end")
    func passes() async throws {
        let seen = Mutex<(head: String, bytes: [UInt8])>(("", []))
        let toServer =
            Frames.text(#"{"type":"session.update","session":{"model":"gpt-realtime"}}"#, masked: true)
            + Frames.frame(0x9, [1, 2, 3], masked: true) + Frames.text("hi", masked: true)
        let toClient =
            Frames.text(#"{"type":"session.created","session":{"model":"gpt-realtime"}}"#) + Frames.text(Self.turn)
            + Frames.frame(0x1, Array(Self.turn.utf8.prefix(20)), final: false) + Frames.frame(0xA, [1, 2, 3])
            + Frames.frame(0x0, Array(Self.turn.utf8.dropFirst(20)))
        let clientClose = Frames.close(1000, masked: true)
        try await run { peer in
            let head = try await peer.takeHead()
            try await peer.send(ScriptedUpstream.switching)
            let bytes = try await peer.take(toServer.count)
            for start in stride(from: 0, to: toClient.count, by: 11) {
                try await peer.send(Array(toClient[start..<min(start + 11, toClient.count)]))
            }
            let closing = try await peer.take(clientClose.count)
            try await peer.send(Frames.close(1000))
            seen.withLock { $0 = (head, bytes + closing) }
        } _: { loop in
            let answer = try await Wire.converse(
                port: loop.gateway.port,
                opening("/proxy/openai/v1/realtime?model=gpt-realtime")
            ) { peer in
                let head = try await peer.takeHead()
                try await peer.send(toServer)
                let bytes = try await peer.take(toClient.count)
                try await peer.send(clientClose)
                let close = try await peer.take(4)
                // The close frame is held for the commit: whoever has it finds the event in the ledger.
                let events = try loop.events()
                return (head, bytes, close, events)
            }
            let (head, bytes, close, events) = answer
            #expect(head.hasPrefix("http/1.1 101 switching protocols"))
            #expect(head.contains("\r\nupgrade: websocket"))
            #expect(head.contains("\r\nconnection: upgrade"))
            #expect(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="))
            #expect(bytes == toClient)
            #expect(close == Frames.close(1000))
            let event = try #require(events.first)
            #expect(events.count == 1)
            #expect(head.contains("x-tollgate-request-id: \(event.id.text)"))
            #expect(event.outcome == .completed)
            #expect(event.status == 101)
            #expect(event.operation == Metering.Operation.realtime.rawValue)
            #expect(event.modelRequested == "gpt-realtime")
            #expect(event.modelReported == "gpt-realtime")
            #expect(event.responseID == "resp_1")
            #expect(event.usage.counts.total(.input) == 10)
            #expect(event.usage.counts.total(.output) == 8)
            #expect(event.usage.complete)
            #expect(event.attempts.map(\.status) == [101])
            #expect(event.responseBytes == Int64(toClient.count + 4))
            let sent = seen.withLock { $0 }
            #expect(sent.bytes == toServer + clientClose)
            #expect(sent.head.contains("\r\nconnection: upgrade"))
            #expect(sent.head.contains("\r\nupgrade: websocket"))
            #expect(sent.head.contains("sec-websocket-key: dghlihnhbxbszsbub25jzq=="))
            #expect(!sent.head.contains("sec-websocket-extensions"))
        }
    }

    @Test(
        "The caller's key is read from the subprotocols too, and never travels on",
        arguments: [
            (
                "realtime, openai-insecure-api-key.alice-key, openai-beta.realtime-v1",
                "realtime, openai-beta.realtime-v1"
            ),
            ("openai-insecure-api-key.alice-key", nil),
        ] as [(String, String?)]
    )
    func subprotocolKey(offered: String, passed: String?) async throws {
        let head = Mutex("")
        try await run { peer in
            let seen = try await peer.takeHead()
            head.withLock { $0 = seen }
            try await peer.send(ScriptedUpstream.switching)
            try await peer.send(Frames.close(1000))
            _ = try await peer.take(8)
        } edit: { configuration in
            configuration.clients = [.init(name: "alice", keys: ["alice-key"], groups: ["openai"])]
            configuration.groups[0].keys = ["sk-provider"]
        } _: { loop in
            let request = opening("/proxy/openai/v1/realtime?model=m", ["Sec-WebSocket-Protocol: \(offered)"])
            _ = try await Wire.converse(port: loop.gateway.port, request) { peer in
                _ = try await peer.takeHead()
                _ = try await peer.take(4)
                try await peer.send(Frames.close(1000, masked: true))
                return await peer.takeRest()
            }
            let sent = head.withLock { $0 }
            #expect(!sent.contains("alice-key"))
            #expect(sent.contains("authorization: bearer sk-provider"))
            #expect(
                sent.components(separatedBy: "sec-websocket-protocol: ").dropFirst().first?
                    .components(separatedBy: "\r\n").first == passed
            )
            #expect(try loop.events().first?.client == "alice")
        }
    }

    @Test("A wrong key in the subprotocols is refused")
    func wrongKey() async throws {
        try await withGateway { configuration in
            configuration.clients = [.init(name: "alice", keys: ["alice-key"], groups: ["openai"])]
        } _: { loop in
            let answer = try await Wire.converse(
                port: loop.gateway.port,
                opening("/proxy/openai/v1/realtime", ["Sec-WebSocket-Protocol: openai-insecure-api-key.nope"])
            ) { try await $0.takeHead() }
            #expect(answer.hasPrefix("http/1.1 401"))
        }
    }

    @Test("An answer other than 101 passes as it is, and the connection stays of use")
    func refusedUpgrade() async throws {
        try await run { peer in
            _ = try await peer.takeHead()
            try await peer.send(
                "HTTP/1.1 403 Forbidden\r\nconnection: close\r\ncontent-length: 4\r\nx-why: a\r\n\r\nnope"
            )
        } _: { loop in
            let answer = try await Wire.converse(
                port: loop.gateway.port,
                opening("/proxy/openai/v1/realtime?model=m")
            ) { peer in
                let first = try await peer.takeHead()
                let body = try await peer.take(4)
                try await peer.send(opening("/proxy/openai/v1/realtime?model=m"))
                return (first, body, try await peer.takeHead())
            }
            #expect(answer.0.hasPrefix("http/1.1 403"))
            #expect(answer.0.contains("x-why: a"))
            #expect(answer.1 == Array("nope".utf8))
            #expect(answer.2.hasPrefix("http/1.1 403"))
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .upstreamError)
            #expect(event.status == 403)
            #expect(event.cost.state == .none)
        }
    }

    @Test("A change of protocol that nobody asked for is refused")
    func unasked() async throws {
        try await run { peer in
            _ = try await peer.takeHead()
            try await peer.send(ScriptedUpstream.switching)
            _ = await peer.takeRest()
        } _: { loop in
            let answer = try await loop.exchange(post("/proxy/openai/v1/realtime", "{}"))
            #expect(answer.httpStatus == 502)
        }
    }

    enum End: String, CaseIterable, Sendable {
        case upstreamVanishes, upstreamFails, clientVanishes, silence, handshakeNeverEnds, unreadable
    }

    @Test("Each way to end leaves its own event", arguments: End.allCases)
    func endings(end: End) async throws {
        try await run { peer in
            _ = try await peer.takeHead()
            try await peer.send(ScriptedUpstream.switching)
            try await peer.send(Frames.text(Self.turn) + Frames.text(#"{"type":"response.created","response":{}}"#))
            switch end {
            case .upstreamVanishes: break
            case .upstreamFails: try await peer.send(Frames.close(1011))
            case .unreadable:
                try await peer.send([0xC1, 0x01, 0x00])
                fallthrough
            case .clientVanishes, .silence, .handshakeNeverEnds: _ = await peer.takeRest()
            }
        } edit: {
            $0.groups[0].timeouts.idle = .milliseconds(300)
        } _: { loop in
            _ = try await Wire.converse(port: loop.gateway.port, opening("/proxy/openai/v1/realtime?model=m")) { peer in
                _ = try await peer.takeHead()
                _ = try await peer.take(Frames.text(Self.turn).count)
                switch end {
                case .clientVanishes: return
                case .handshakeNeverEnds, .unreadable: try await peer.send(Frames.close(1000, masked: true))
                case .upstreamVanishes, .upstreamFails, .silence: break
                }
                _ = await peer.takeRest()
            }
            await loop.gateway.drain(within: .seconds(10))
            let event = try #require(try loop.events().first)
            let expected: (Outcome, AttemptFailure?) =
                switch end {
                case .upstreamVanishes: (.upstreamCut, .cut)
                case .upstreamFails: (.upstreamError, .upstreamStatus)
                case .clientVanishes: (.clientGone, .clientGone)
                case .silence: (.upstreamCut, .idleTimeout)
                case .handshakeNeverEnds, .unreadable: (.completed, nil)
                }
            #expect(event.outcome == expected.0)
            #expect(event.attempts.first?.failure == expected.1)
            #expect(event.status == 101)
            // One turn ended, the next one did not.
            #expect(event.usage.counts.total(.input) == 5)
            #expect(!event.usage.complete)
        }
    }

    @Test("A redirect changes the model in the query, and no other byte of it")
    func redirect() async throws {
        let head = Mutex("")
        try await run { peer in
            let seen = try await peer.takeHead()
            head.withLock { $0 = seen }
            try await peer.send("HTTP/1.1 400 No\r\ncontent-length: 0\r\n\r\n")
        } edit: {
            $0.groups[0].modelRedirects = ["gpt realtime": "other/model"]
        } _: { loop in
            let target = "/proxy/openai/v1/realtime?a=%7e&model=gpt%20realtime&b"
            let answer = try await Wire.converse(port: loop.gateway.port, opening(target)) { try await $0.takeHead() }
            #expect(answer.hasPrefix("http/1.1 400"))
            #expect(head.withLock { $0 }.hasPrefix("get /v1/realtime?a=%7e&model=other%2fmodel&b http/1.1"))
            let event = try #require(try loop.events().first)
            #expect(event.modelRequested == "gpt realtime")
            #expect(event.modelSent == "other/model")
        }
    }

    @Test("A slow reader on either side slows the other one, and nothing is lost")
    func backPressure() async throws {
        let length = 8 * 1024 * 1024
        let toServer = Frames.frame(0x2, [UInt8](repeating: 1, count: length), masked: true)
        let toClient = Frames.frame(0x2, [UInt8](repeating: 2, count: length))
        let received = Mutex<[UInt8]>([])
        try await run { peer in
            _ = try await peer.takeHead()
            try await peer.send(ScriptedUpstream.switching)
            // Only now and then a piece is taken, while the client writes as fast as it can.
            var all: [UInt8] = []
            while all.count < toServer.count {
                all += try await peer.take(min(65536, toServer.count - all.count))
                await Task.yield()
            }
            received.withLock { $0 = all }
            try await peer.send(toClient + Frames.close(1000))
            _ = await peer.takeRest()
        } _: { loop in
            let back = try await Wire.converse(port: loop.gateway.port, opening("/proxy/openai/v1/realtime")) { peer in
                _ = try await peer.takeHead()
                try await peer.send(toServer)
                let back = try await peer.take(toClient.count)
                _ = try await peer.take(4)
                try await peer.send(Frames.close(1000, masked: true))
                return back
            }
            #expect(back == toClient)
            #expect(received.withLock { $0 } == toServer)
            #expect(try loop.events().first?.requestBytes ?? 0 >= Int64(toServer.count))
        }
    }

    @Test("A session that outlives the drain is cut and recorded")
    func drain() async throws {
        try await run { peer in
            _ = try await peer.takeHead()
            try await peer.send(ScriptedUpstream.switching)
            try await peer.send(Frames.text(Self.turn))
            _ = await peer.takeRest()
        } _: { loop in
            _ = try await Wire.converse(port: loop.gateway.port, opening("/proxy/openai/v1/realtime?model=m")) { peer in
                _ = try await peer.takeHead()
                _ = try await peer.take(Frames.text(Self.turn).count)
                await loop.gateway.drain(within: .milliseconds(50))
                return await peer.takeRest()
            }
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .clientGone)
            #expect(event.usage.counts.total(.input) == 5)
        }
    }
}
