import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import ServiceLifecycle
import Synchronization

/// HTTP/1.1 on the management listeners, safe against connections that arrive as a listener closes.
///
/// A connection that was accepted but not yet served when the server stops is simply dropped, and NIO's asynchronous
/// channel traps when that happens before its writer was finished. Here the drop finishes it.
struct AcceptedConnections: ServerChildChannel {
    private let http: HTTP1Channel

    init(responder: @escaping HTTPChannelHandler.Responder) { http = HTTP1Channel(responder: responder) }

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<AcceptedConnection> {
        http.setup(channel: channel, logger: logger).flatMapThrowing { connection in
            try channel.pipeline.syncOperations.addHandler(InputEnd(), position: .first)
            return AcceptedConnection(connection)
        }
    }

    func handle(value: AcceptedConnection, logger: Logger) async {
        value.isServed.store(true, ordering: .relaxed)
        let channel = value.channel
        await withGracefulShutdownHandler {
            await http.handle(value: value.connection, logger: logger)
        } onGracefulShutdown: {
            // Somebody who asked for much and does not read it would hold up the end for ever.
            channel.eventLoop.scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        }
    }

    /// How long a connection may take to end once the server stops.
    private static let patience = TimeAmount.seconds(5)
}

/// One accepted connection, which closes in good order when nobody comes to serve it.
final class AcceptedConnection: ServerChildChannelValue {
    let connection: HTTP1Channel.Value
    let isServed = Atomic<Bool>(false)

    init(_ connection: HTTP1Channel.Value) { self.connection = connection }

    var channel: any Channel { connection.channel }

    deinit {
        guard !isServed.load(ordering: .relaxed) else { return }
        let connection = connection
        Task { try? await connection.executeThenClose { _, _ in } }
    }
}
