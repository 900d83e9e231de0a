import Foundation
import NIOCore
import NIOPosix

/// An upstream that a test plays itself, byte by byte, on loopback.
final class ScriptedUpstream: Sendable {
    typealias Script = @Sendable (inout Peer) async throws -> Void

    /// The connection that the gateway has opened.
    struct Peer {
        var inbound: NIOAsyncChannelInboundStream<ByteBuffer>.AsyncIterator
        let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
        var received: [UInt8] = []

        /// Reads until `count` bytes are there, or the connection ends; takes them.
        nonisolated(nonsending) mutating func take(_ count: Int) async throws -> [UInt8] {
            while received.count < count, let more = try await inbound.next(isolation: #isolation) {
                received += more.readableBytesView
            }
            let taken = Array(received.prefix(count))
            received.removeFirst(taken.count)
            return taken
        }

        /// Reads a head and takes it.
        nonisolated(nonsending) mutating func takeHead() async throws -> String {
            while true {
                let text = String(decoding: received, as: UTF8.self)
                if text.contains("\r\n\r\n") {
                    let head = text.components(separatedBy: "\r\n\r\n")[0]
                    received.removeFirst(head.utf8.count + 4)
                    return head.lowercased()
                }
                guard let more = try await inbound.next(isolation: #isolation) else { return "" }
                received += more.readableBytesView
            }
        }

        /// Reads until the connection ends; what came.
        nonisolated(nonsending) mutating func takeRest() async -> [UInt8] {
            while let more = try? await inbound.next(isolation: #isolation) { received += more.readableBytesView }
            return received
        }

        func send(_ bytes: [UInt8]) async throws { try await outbound.write(ByteBuffer(bytes: bytes)) }
        func send(_ text: String) async throws { try await send(Array(text.utf8)) }
    }

    static let switching = """
        HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
        Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n
        """

    let port: Int
    private let task: Task<Void, any Error>

    /// Plays the script with each connection, one after the other.
    static func start(_ script: @escaping Script) async throws -> ScriptedUpstream {
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: "127.0.0.1", port: 0) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        let port = server.channel.localAddress?.port ?? 0
        let task = Task {
            try await server.executeThenClose { connections in
                for try await connection in connections {
                    try? await connection.executeThenClose { inbound, outbound in
                        var peer = Peer(inbound: inbound.makeAsyncIterator(), outbound: outbound)
                        try await script(&peer)
                    }
                }
            }
        }
        return ScriptedUpstream(port: port, task: task)
    }

    private init(port: Int, task: Task<Void, any Error>) {
        self.port = port
        self.task = task
    }

    func stop() { task.cancel() }
}
