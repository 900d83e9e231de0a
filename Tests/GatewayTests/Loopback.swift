import Accounting
import Events
import Foundation
import Gateway
import Ledger
import Logging
import NIOCore
import NIOPosix
import Settings
import Simulator

/// A gateway on port 0 before simulated upstreams, with a ledger in a directory of its own.
struct Loopback {
    let gateway: GatewayServer
    let ledger: Ledger
    let upstreams: [SimulatedProvider]

    /// Sends bytes to the gateway and returns all that comes back until the connection ends.
    func exchange(_ request: String) async throws -> String {
        try await Wire.exchange(port: gateway.port, [Array(request.utf8)])
    }

    /// All events of requests, in order.
    func events() throws -> [RequestCompleted] {
        var found: [RequestCompleted] = []
        try ledger.scan(from: 1, through: ledger.head) { _, record in
            if case .requestCompleted(let event) = try EventCodec.decode(record) { found.append(event) }
            return true
        }
        return found
    }
}

/// Runs `body` with a gateway whose groups `openai`, `anthropic` and `gemini` go to simulated upstreams.
func withGateway(
    upstreams count: Int = 1,
    providerKeys: [String]? = nil,
    edit: (inout Configuration) -> Void = { _ in },
    _ body: (Loopback) async throws -> Void
) async throws {
    let directory = FileManager.default.temporaryDirectory.appendingPathComponent("gateway-\(UUID().uuidString)")
    defer { try? FileManager.default.removeItem(at: directory) }
    var providers: [SimulatedProvider] = []
    for _ in 0..<count { providers.append(try await SimulatedProvider.start(keys: providerKeys)) }
    var configuration = Configuration()
    configuration.listen.port = 0
    configuration.threads = 1
    configuration.groups = ["openai", "anthropic", "gemini"].map { name in
        var group = Configuration.Group(
            name: name,
            provider: name == "gemini" ? "google" : name,
            upstreams: providers.map { .init(tls: false, host: "127.0.0.1", port: $0.port) }
        )
        group.dialect = name
        return group
    }
    edit(&configuration)
    let ledger = try Ledger.open(LedgerOptions(directory: directory.path))
    let gateway = try GatewayServer(
        configuration: configuration,
        ledger: ledger,
        pricer: Pricer(book: .builtIn, revision: 1),
        logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    )
    try await gateway.start()
    let result: Result<Void, any Error>
    do {
        try await body(Loopback(gateway: gateway, ledger: ledger, upstreams: providers))
        result = .success(())
    } catch {
        result = .failure(error)
    }
    await gateway.drain(within: .seconds(5))
    ledger.close()
    for provider in providers { try await provider.stop() }
    try result.get()
}

/// Plain TCP from the client's side.
enum Wire {
    /// Sends pieces and returns all that comes back until the connection ends.
    static func exchange(port: Int, _ pieces: [[UInt8]]) async throws -> String {
        try await connect(port: port) { inbound, outbound in
            for piece in pieces { try await outbound.write(ByteBuffer(bytes: piece)) }
            var answer = ByteBuffer()
            do {
                for try await bytes in inbound { answer.writeImmutableBuffer(bytes) }
            } catch {
                answer.writeString("<\(type(of: error))>")
            }
            return String(buffer: answer)
        }
    }

    /// Sends a request and leaves as soon as `count` bytes of the answer have come.
    static func leaveAfter(_ count: Int, port: Int, _ request: String) async throws {
        try await connect(port: port) { inbound, outbound in
            try await outbound.write(ByteBuffer(string: request))
            var seen = 0
            for try await bytes in inbound {
                seen += bytes.readableBytes
                if seen >= count { break }
            }
        }
    }

    /// Sends a request's head and leaves the rest to `body`.
    static func converse<R: Sendable>(
        port: Int,
        _ request: String,
        _ body: @Sendable (inout ScriptedUpstream.Peer) async throws -> R
    ) async throws -> R {
        try await connect(port: port) { inbound, outbound in
            var peer = ScriptedUpstream.Peer(inbound: inbound.makeAsyncIterator(), outbound: outbound)
            try await peer.send(request)
            return try await body(&peer)
        }
    }

    private static func connect<R: Sendable>(
        port: Int,
        _ body:
            @Sendable (NIOAsyncChannelInboundStream<ByteBuffer>, NIOAsyncChannelOutboundWriter<ByteBuffer>)
            async throws -> R
    ) async throws -> R {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose(body)
    }
}

/// A POST that asks for the connection to end after its answer.
func post(_ target: String, _ body: String, _ headers: [String] = [], close: Bool = true) -> String {
    var text = "POST \(target) HTTP/1.1\r\nhost: t\r\ncontent-type: application/json\r\n"
    if close { text += "connection: close\r\n" }
    for header in headers { text += header + "\r\n" }
    return text + "content-length: \(body.utf8.count)\r\n\r\n" + body
}

extension String {
    /// The body of the last answer in a text of raw HTTP, with chunked framing left on.
    var httpBody: Substring {
        guard let range = range(of: "\r\n\r\n") else { return "" }
        return self[range.upperBound...]
    }

    /// The status of the first answer in a text of raw HTTP.
    var httpStatus: Int? { split(separator: " ").dropFirst().first.flatMap { Int($0) } }

    /// The value of a header of the first answer.
    func httpHeader(_ name: String) -> String? {
        for line in components(separatedBy: "\r\n") {
            if line.isEmpty { return nil }
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, parts[0].lowercased() == name {
                return parts[1].trimmingCharacters(in: .whitespaces)
            }
        }
        return nil
    }
}
