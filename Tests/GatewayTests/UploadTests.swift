import Accounting
import Events
import Foundation
import NIOCore
import NIOPosix
import Settings
import Simulator
import Testing

@Suite("Long request bodies that pass through", .serialized)
struct UploadTests {
    private let generate = "/proxy/gemini/v1beta/models/gemini-2.5-flash:generateContent"
    private let files = "/proxy/openai/v1/files"

    private func prompt(_ length: Int) -> String {
        #"{"contents":[{"role":"user","parts":[{"text":""# + String(repeating: "x", count: length) + #""}]}]}"#
    }

    @Test("A long body arrives whole and its answer is metered", arguments: [1_048_000, 3_000_000, 9_000_000])
    func arrivesWhole(length: Int) async throws {
        try await withGateway { loop in
            let body = prompt(length)
            let answer = try await loop.exchange(post(generate, body))
            #expect(answer.httpStatus == 200)
            #expect(loop.upstreams[0].requests.first?.bodyBytes == body.utf8.count)
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .completed)
            #expect(event.requestBytes == Int64(body.utf8.count))
            #expect(event.modelRequested == "gemini-2.5-flash")
            #expect(event.usage.complete)
        }
    }

    @Test("An upload goes to the next upstream while nothing of it has been sent")
    func unreachableFirst() async throws {
        try await withGateway {
            $0.groups[2].upstreams.insert(.init(tls: false, host: "127.0.0.1", port: 1), at: 0)
        } _: { loop in
            let body = prompt(2_000_000)
            // The rotation begins anywhere; one of two requests meets the dead upstream first.
            for _ in 0..<2 {
                let answer = try await loop.exchange(post(generate, body))
                #expect(answer.httpStatus == 200)
            }
            #expect(loop.upstreams[0].requests.map(\.bodyBytes) == [body.utf8.count, body.utf8.count])
        }
    }

    @Test("An answer that comes before the body's end reaches the client, and the connection ends")
    func earlyAnswer() async throws {
        let upstream = try await RawUpstream.start { channel in
            channel.writeAndFlush(
                ByteBuffer(string: "HTTP/1.1 403 No\r\ncontent-type: application/json\r\ncontent-length: 2\r\n\r\n{}"),
                promise: nil
            )
        }
        try await withGateway {
            $0.groups[0].upstreams = [.init(tls: false, host: "127.0.0.1", port: upstream.port)]
        } _: { loop in
            let head = "POST \(files) HTTP/1.1\r\nhost: t\r\ncontent-length: 5000000\r\n\r\n"
            let answer = try await loop.exchange(head + String(repeating: "a", count: 100_000))
            #expect(answer.httpStatus == 403)
            #expect(answer.httpHeader("connection") == "close")
            let event = try #require(try loop.events().first)
            #expect(event.status == 403)
            #expect(event.attempts.count == 1)
        }
        try await upstream.stop()
    }

    @Test("An upstream that takes nothing is given up after the idle time")
    func stalled() async throws {
        let upstream = try await RawUpstream.start(reads: false) { _ in }
        try await withGateway {
            $0.groups[0].upstreams = [.init(tls: false, host: "127.0.0.1", port: upstream.port)]
            $0.groups[0].timeouts.idle = .milliseconds(300)
        } _: { loop in
            let length = 30_000_000
            let head = "POST \(files) HTTP/1.1\r\nhost: t\r\ncontent-length: \(length)\r\n\r\n"
            let answer = try await loop.exchange(head + String(repeating: "a", count: length))
            #expect(answer.httpStatus == 504)
            #expect(try loop.events().first?.attempts.first?.failure == .firstByteTimeout)
        }
        try await upstream.stop()
    }

    @Test("A client that leaves in the middle of an upload is recorded")
    func clientLeaves() async throws {
        let upstream = try await RawUpstream.start { _ in }
        try await withGateway {
            $0.groups[0].upstreams = [.init(tls: false, host: "127.0.0.1", port: upstream.port)]
            $0.limits.clientBody = .milliseconds(200)
        } _: { loop in
            let head = "POST \(files) HTTP/1.1\r\nhost: t\r\ncontent-length: 5000000\r\n\r\n"
            let answer = try await loop.exchange(head + "only this")
            #expect(answer.httpStatus == 408)
            let event = try #require(try loop.events().first)
            #expect(event.outcome == .rejected)
            #expect(event.requestBytes == 9)
            #expect(event.attempts.count == 1)
        }
        try await upstream.stop()
    }
}

/// A TCP server that does what a test says once a connection has brought its first bytes.
private struct RawUpstream {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    static func start(reads: Bool = true, _ answer: @escaping @Sendable (any Channel) -> Void) async throws -> Self {
        let channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelOption(.autoRead, value: reads)
            .childChannelOption(.socketOption(.so_rcvbuf), value: 8192)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(FirstBytes(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        return RawUpstream(channel: channel)
    }

    func stop() async throws { try await channel.close() }

    private final class FirstBytes: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        private var answer: ((any Channel) -> Void)?

        init(_ answer: @escaping (any Channel) -> Void) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            answer?(context.channel)
            answer = nil
        }
    }
}
