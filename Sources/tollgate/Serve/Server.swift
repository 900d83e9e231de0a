import Admin
import Foundation
import Gateway
import Ledger
import Logging
import NIOPosix
import ServiceLifecycle
import Settings
import Synchronization
import UnixSignals

/// One serving process: ledger, views, management listener, gateway, in this order; they stop in reverse.
struct Server: Sendable {
    /// What is known once everything listens.
    struct Ready: Sendable {
        var port: Int
        var adminPort: Int?
        /// Begins the same graceful stop as a signal.
        var stop: @Sendable () async -> Void
    }

    var configuration: Configuration
    /// The file that the configuration came from, to be watched; nil for none.
    var file: String?
    var acceptLoss = false
    /// Changes how the ledger is opened, for `tollgate torture-serve` alone.
    var adjust: @Sendable (inout LedgerOptions) -> Void = { _ in }
    var logger: Logger
    var whenReady: @Sendable (Ready) async throws -> Void

    /// Serves until SIGTERM, SIGINT or `stop`.
    func run() async throws {
        let configuration = configuration
        let (acceptLoss, logger, adjust) = (acceptLoss, logger, adjust)
        try Descriptors.check(loops: GatewayServer.threads(configuration))
        // Before the ledger is written to.
        try GatewayServer.check(configuration)
        StartupMemory.limitArenas(loops: GatewayServer.threads(configuration))
        // Trapped before anything is open, so that an early signal still ends in good order.
        let hangups = await UnixSignalsSequence(trapping: .sighup)
        let (node, recorded) = try await NIOThreadPool.singleton.runIfActive {
            try Node.serve(configuration, acceptLoss: acceptLoss, logger: logger, adjust: adjust)
        }
        let gateway: GatewayServer
        do {
            gateway = try GatewayServer(
                configuration: recorded,
                ledger: node.ledger,
                pricer: node.prices.pricer,
                logger: logger
            )
        } catch {
            node.close()
            throw error
        }
        node.prices.watch { gateway.update(pricer: $0) }
        node.throttle?.watch { gateway.loopTimes() }
        let phase = Phase()
        let reloader = Reloader(
            configuration: configuration,
            hash: recorded.hash,
            file: file,
            node: node,
            gateway: gateway,
            logger: logger
        )
        let server = ManagementServer(
            configuration: configuration,
            socket: SocketFile(directory: configuration.dataDirectory),
            handler: ManagementAPI(backend: backend(node, gateway, reloader, phase)),
            logger: logger
        )
        let group = Mutex<ServiceGroup?>(nil)
        let services: [any Service] = [
            NodeService(node: node, logger: logger), server, ReloadService(reloader: reloader, hangups: hangups),
            GatewayService(gateway: gateway, drainTimeout: configuration.drainTimeout, phase: phase),
            ReadyService { [whenReady] in
                guard await phase.waitUntilServing(), let port = phase.port else { return }
                let ready = Ready(port: port, adminPort: await server.port()) {
                    await group.withLock(\.self)?.triggerGracefulShutdown()
                }
                try await whenReady(ready)
                // By then the other services are through with their own start.
                try? await cancelWhenGracefulShutdown { try await Task.sleep(for: .seconds(1)) }
                StartupMemory.release()
            },
        ]
        let made = ServiceGroup(
            configuration: .init(
                services: services.map { .init(service: $0) },
                gracefulShutdownSignals: [.sigterm, .sigint],
                logger: logger
            )
        )
        group.withLock { $0 = made }
        try await made.run()
    }

    private func backend(
        _ node: Node,
        _ gateway: GatewayServer,
        _ reloader: Reloader,
        _ phase: Phase
    ) -> ManagementBackend {
        var backend = node.backend(isServing: true)
        let directory = configuration.dataDirectory
        backend.sample = { Samples.take(node, gateway, directory: directory) }
        backend.compatibility = { reloader.compatibility }
        backend.forget = { try await reloader.forget($0) }
        backend.unready = {
            if !phase.isServing { return "The gateway is starting or stopping" }
            if node.ledger.isWritable { return nil }
            return node.ledger.isShortOfSpace
                ? "The disk of the ledger is nearly full (min_free_space); free some space"
                : "The ledger cannot write now; see the log"
        }
        return backend
    }
}

/// Whether the gateway serves, for readiness and for those who wait for its port.
final class Phase: Sendable {
    private struct State {
        var port: Int?
        var isOver = false
        var waiting: [CheckedContinuation<Bool, Never>] = []
    }

    private let state = Mutex(State())

    var isServing: Bool { state.withLock { $0.port != nil && !$0.isOver } }
    var port: Int? { state.withLock { $0.port } }

    func serves(on port: Int) { release { $0.port = port } }

    func ends() { release { $0.isOver = true } }

    /// False when the gateway ended before it served.
    func waitUntilServing() async -> Bool {
        await withCheckedContinuation { continuation in
            let known = state.withLock { state -> Bool? in
                if state.isOver { return false }
                if state.port != nil { return true }
                state.waiting.append(continuation)
                return nil
            }
            if let known { continuation.resume(returning: known) }
        }
    }

    private func release(_ change: @Sendable (inout State) -> Void) {
        let (waiting, isServing) = state.withLock { state in
            change(&state)
            defer { state.waiting = [] }
            return (state.waiting, !state.isOver)
        }
        for continuation in waiting { continuation.resume(returning: isServing) }
    }
}
