public import NIOCore
import NIOHTTP1
import NIOPosix

/// A model provider that does not think: it answers on the paths of OpenAI, Anthropic and Gemini, plain and streamed.
///
/// Token counts are functions of the request, and the `x-sim-usage` header of every answer states them as JSON. The
/// request header `x-sim` (or a model name `NAME-sim-key.value-...`) sets pace, size, usage, status and fault; see
/// `tools/e2e/README.md`. A key whose text contains `status-NNN` is always answered with that status. Paths below
/// `/bench` are answered from memory at once. Plain TCP only. Its members may be used from any thread.
public final class SimulatedProvider: Sendable {
    private let channel: any Channel
    private let ownGroup: MultiThreadedEventLoopGroup?
    private let shared: SharedState

    /// The port that it listens on.
    public let port: Int

    /// The latest requests, oldest first, at most 256; those below `/bench` are not logged.
    public var requests: [ReceivedRequest] { shared.requests }

    /// Forgets the logged requests.
    public func clearRequests() { shared.clear() }

    private init(channel: any Channel, port: Int, group: MultiThreadedEventLoopGroup?, shared: SharedState) {
        self.channel = channel
        self.port = port
        ownGroup = group
        self.shared = shared
    }

    /// Listens on `host` and `port` (0 lets the system choose) and answers until ``stop()``.
    ///
    /// Without a `group` it runs on one thread of its own. With `keys`, any other credential is answered with 401.
    /// Throws what binding the address throws.
    public static func start(
        host: String = "127.0.0.1",
        port: Int = 0,
        group: (any EventLoopGroup)? = nil,
        keys: [String]? = nil
    ) async throws -> SimulatedProvider {
        let ownGroup = group == nil ? MultiThreadedEventLoopGroup(numberOfThreads: 1) : nil
        let shared = SharedState(keys: keys.map { Set($0) })
        do {
            let channel = try await bootstrap(group ?? ownGroup ?? MultiThreadedEventLoopGroup.singleton, shared)
                .bind(host: host, port: port).get()
            return SimulatedProvider(
                channel: channel,
                port: channel.localAddress?.port ?? port,
                group: ownGroup,
                shared: shared
            )
        } catch {
            try await ownGroup?.shutdownGracefully()
            throw error
        }
    }

    /// Stops listening; connections that it made for itself end with its thread, those on a given group when their clients leave.
    public func stop() async throws {
        // Closing twice is no error here.
        try? await channel.close().get()
        try await ownGroup?.shutdownGracefully()
    }

    private static func bootstrap(_ group: any EventLoopGroup, _ shared: SharedState) -> ServerBootstrap {
        ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 4096)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.socketOption(.tcp_nodelay), value: 1)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(
                        ByteToMessageHandler(HTTPRequestDecoder(leftOverBytesStrategy: .dropBytes))
                    )
                    try channel.pipeline.syncOperations.addHandler(SimulatorHandler(shared: shared))
                }
            }
    }
}
