import Gateway
import Ledger
import Logging
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// Keeps the ledger and the views open until everything else has stopped, then writes `node.stopped`.
struct NodeService: Service, CustomStringConvertible {
    /// A name: without one the log would be given everything that the service holds, at every start.
    var description: String { "node" }

    let node: Node
    let logger: Logger

    func run() async throws {
        // Cancellation ends the wait as well, and the ledger is closed in the same way.
        try? await gracefulShutdown()
        let (node, logger) = (node, logger)
        try await Task.detached {
            try await NIOThreadPool.singleton.runIfActive {
                do throws(LedgerError) {
                    try Journal.stopped(node.ledger)
                } catch {
                    logger.error("node.stopped was not written", metadata: ["error": "\(error)"])
                }
                node.close()
            }
        }
        .value
    }
}

/// Serves, and drains when asked to stop.
struct GatewayService: Service, CustomStringConvertible {
    var description: String { "gateway" }

    let gateway: GatewayServer
    let drainTimeout: Duration
    let phase: Phase

    func run() async throws {
        do {
            try await gateway.start()
        } catch {
            phase.ends()
            await drain(.zero)
            throw error
        }
        phase.serves(on: gateway.port)
        try? await gracefulShutdown()
        phase.ends()
        await drain(drainTimeout)
    }

    /// In a task of its own: a cancelled one could not wait for the requests in flight.
    private func drain(_ limit: Duration) async {
        let gateway = gateway
        await Task.detached { await gateway.drain(within: limit) }.value
    }
}

/// Runs what is to be done once everything listens.
struct ReadyService: Service, CustomStringConvertible {
    var description: String { "ready" }

    let body: @Sendable () async throws -> Void

    init(_ body: @escaping @Sendable () async throws -> Void) { self.body = body }

    func run() async throws {
        try await body()
        try? await gracefulShutdown()
    }
}

/// Reloads on SIGHUP and when a watched file changed.
struct ReloadService: Service, CustomStringConvertible {
    var description: String { "reload" }

    let reloader: Reloader
    let hangups: UnixSignalsSequence

    func run() async throws {
        let (reloader, hangups) = (reloader, hangups)
        await withDiscardingTaskGroup { group in
            group.addTask {
                for await _ in hangups.cancelOnGracefulShutdown() { await reloader.reload(isAsked: true) }
            }
            group.addTask {
                while !Task.isShuttingDownGracefully, !Task.isCancelled {
                    // The wait ends early when the group is cancelled; the loop's condition sees that.
                    try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
                    if !Task.isShuttingDownGracefully, !Task.isCancelled { await reloader.reload(isAsked: false) }
                }
            }
        }
    }
}
