import NIOCore
import NIOPosix
import Simulator

/// Sends bytes to a simulator and returns all that comes back until the connection ends.
func exchange(with provider: SimulatedProvider, _ request: String) async throws -> String {
    let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
        .connect(host: "127.0.0.1", port: provider.port) { channel in
            channel.eventLoop.makeCompletedFuture {
                try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
            }
        }
    return try await channel.executeThenClose { inbound, outbound in
        try await outbound.write(ByteBuffer(string: request))
        var answer = ByteBuffer()
        do {
            for try await bytes in inbound { answer.writeImmutableBuffer(bytes) }
        } catch {
            answer.writeString("<\(type(of: error))>")
        }
        return String(buffer: answer)
    }
}

/// A POST that asks for the connection to end after its answer.
func post(_ target: String, _ body: String, headers: [String] = []) -> String {
    var text = "POST \(target) HTTP/1.1\r\nhost: sim\r\nconnection: close\r\ncontent-length: \(body.utf8.count)\r\n"
    for header in headers { text += header + "\r\n" }
    return text + "\r\n" + body
}

/// Starts a simulator for the time of `body`.
func withSimulator(
    keys: [String]? = nil,
    _ body: (SimulatedProvider) async throws -> Void
) async throws {
    let provider = try await SimulatedProvider.start(group: MultiThreadedEventLoopGroup.singleton, keys: keys)
    do { try await body(provider) } catch {
        try await provider.stop()
        throw error
    }
    try await provider.stop()
}
