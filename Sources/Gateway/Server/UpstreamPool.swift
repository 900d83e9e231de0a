internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// The connections of one event loop to one upstream; confined to that loop.
///
/// Idle connections are reused last in, first out, so that the rest can grow old and be closed.
final class UpstreamPool {
    let target: UpstreamTarget
    private let loop: any EventLoop
    private let headLimit: Int
    private var idle: [UpstreamHandler] = []
    private var isRetired = false

    /// How long an unused connection is kept, in nanoseconds: below the minute that servers commonly allow.
    private static let idleLimit: Int64 = 55_000_000_000
    private static let maximumIdle = 1024

    init(_ target: UpstreamTarget, loop: any EventLoop, headLimit: Int) {
        self.target = target
        self.loop = loop
        self.headLimit = headLimit
    }

    /// Gives the exchange an idle connection now, or a new one later, or tells it why there is none.
    func connect(_ exchange: Exchange, fresh: Bool) {
        if !fresh {
            while let connection = idle.popLast() {
                if connection.isUsable {
                    exchange.connected(connection, isReused: true)
                    return
                }
            }
        }
        open(exchange)
    }

    /// Takes a connection back after a complete exchange.
    func giveBack(_ connection: UpstreamHandler) {
        guard !isRetired, idle.count < Self.maximumIdle, connection.isUsable else {
            connection.close()
            return
        }
        connection.idleSince = Clock.monotonic()
        idle.append(connection)
    }

    /// Forgets a connection that closed while idle.
    func forget(_ connection: UpstreamHandler) {
        if let index = idle.firstIndex(where: { $0 === connection }) { idle.remove(at: index) }
    }

    /// Closes what has been idle too long.
    func sweep(now: Int64) {
        guard let oldest = idle.first, now - oldest.idleSince > Self.idleLimit else { return }
        let expired = idle.prefix { now - $0.idleSince > Self.idleLimit }
        idle.removeFirst(expired.count)
        for connection in expired { connection.close() }
    }

    /// Closes idle connections and keeps none from now on.
    func retire() {
        isRetired = true
        for connection in idle { connection.close() }
        idle.removeAll()
    }

    private func open(_ exchange: Exchange) {
        let target = target
        let headLimit = headLimit
        let attempt = exchange.attemptNumber
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(target.connectTimeout)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls = target.tls {
                        try pipeline.addHandler(
                            NIOSSLClientHandler(context: tls.context, serverHostname: tls.serverName)
                        )
                    }
                    try pipeline.addHandler(UpstreamHandler(headLimit: headLimit, isSecure: target.tls != nil))
                }
            }
        bootstrap.connect(host: target.host, port: target.port).assumeIsolated().whenComplete { result in
            switch result {
            case .success(let channel):
                guard let connection = try? channel.pipeline.syncOperations.handler(type: UpstreamHandler.self) else {
                    channel.close(promise: nil)
                    return
                }
                connection.pool = self
                // The exchange may have given up, or gone on elsewhere, while this was connecting.
                guard exchange.isConnecting(attempt: attempt) else {
                    connection.close()
                    return
                }
                exchange.connected(connection, isReused: false)
            case .failure(let error):
                guard exchange.isConnecting(attempt: attempt) else { return }
                exchange.connectFailed(error)
            }
        }
    }
}
