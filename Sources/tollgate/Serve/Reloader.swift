import Accounting
import Admin
import Events
import Foundation
import Gateway
import Ledger
import Logging
import NIOPosix
import Settings
import Synchronization

/// Takes up a changed configuration and a changed price book; what is refused leaves the old one in force.
actor Reloader {
    private var configuration: Configuration
    /// The hash of the configuration as it is recorded: with ids in place of the names of clients.
    private var hash: [UInt8]
    private let file: String?
    private let node: Node
    private let gateway: GatewayServer
    private let logger: Logger
    private var configurationStamp: FileStamp?
    private var bookStamp: FileStamp?
    private nonisolated let metrics: Mutex<Set<Configuration.Compatibility>>

    init(
        configuration: Configuration,
        hash: [UInt8],
        file: String?,
        node: Node,
        gateway: GatewayServer,
        logger: Logger
    ) {
        self.configuration = configuration
        self.hash = hash
        self.file = file
        self.node = node
        self.gateway = gateway
        self.logger = logger
        configurationStamp = file.flatMap(FileStamp.init)
        bookStamp = configuration.priceBookPath.flatMap(FileStamp.init)
        metrics = Mutex(configuration.metrics.compatibility)
    }

    /// Further names on `/metrics`.
    nonisolated var compatibility: Set<Configuration.Compatibility> { metrics.withLock { $0 } }

    /// Looks at the watched files; when it was asked for, reads them even if they look unchanged.
    func reload(isAsked: Bool) async {
        let stamp = file.flatMap(FileStamp.init)
        if isAsked || stamp != configurationStamp {
            configurationStamp = stamp
            await reloadConfiguration()
        }
        let book = configuration.priceBookPath.flatMap(FileStamp.init)
        if isAsked || book != bookStamp {
            bookStamp = book
            await reloadPrices()
        }
    }

    private func reloadConfiguration() async {
        guard let file else { return }
        do {
            var loaded = try Configuration.load(path: file, environment: ProcessInfo.processInfo.environment)
            loaded.dataDirectory = configuration.dataDirectory
            warnOfFixed(loaded)
            // What is fixed while the process lives stays as it is, so that the ledger tells what really holds.
            loaded.listen = configuration.listen
            loaded.admin = configuration.admin
            loaded.metrics.token = configuration.metrics.token
            loaded.nodeName = configuration.nodeName
            loaded.checkpointCopy = configuration.checkpointCopy
            loaded.threads = configuration.threads
            let isChanged = try await serve(loaded)
            logger.notice("took up the configuration", metadata: ["file": "\(file)", "changed": "\(isChanged)"])
        } catch {
            logger.error("kept the configuration: the file was refused", metadata: ["error": "\(error)"])
        }
    }

    /// Serves by a configuration; what the ledger is told of it has ids in place of the names of clients.
    ///
    /// - Returns: whether it is another than the last.
    private func serve(_ loaded: Configuration) async throws -> Bool {
        let (ledger, identities) = (node.ledger, node.identities)
        let recorded = try await NIOThreadPool.singleton.runIfActive { try loaded.recorded(by: identities) }
        try gateway.update(configuration: recorded)
        let isChanged = recorded.hash != hash
        configuration = loaded
        hash = recorded.hash
        let names = loaded.metrics.compatibility
        metrics.withLock { $0 = names }
        if isChanged {
            try await NIOThreadPool.singleton.runIfActive { try Journal.changed(ledger, recorded) }
        }
        return isChanged
    }

    /// Removes the name of a client. Where it is configured still, it is another client from its next request on.
    func forget(_ client: String) async throws -> ManagementBackend.Forgotten? {
        let (identities, prices) = (node.identities, node.prices)
        let gone = try await NIOThreadPool.singleton.runIfActive { try identities.forget(client) }
        guard let gone else { return nil }
        let isConfigured = configuration.clients.contains { $0.name == gone.name }
        _ = try await serve(configuration)
        let isPriced = try await NIOThreadPool.singleton.runIfActive {
            try prices.rename(from: gone.id, to: isConfigured ? gone.name : nil)
        }
        logger.notice("forgot the name of a client", metadata: ["id": "\(gone.id)"])
        return .init(id: gone.id, name: gone.name, isConfigured: isConfigured || isPriced)
    }

    private func warnOfFixed(_ loaded: Configuration) {
        var fixed: [String] = []
        if loaded.listen != configuration.listen { fixed.append("listen") }
        if loaded.admin.listen != configuration.admin.listen || loaded.admin.token != configuration.admin.token {
            fixed.append("admin")
        }
        if loaded.metrics.token != configuration.metrics.token { fixed.append("metrics.token") }
        if loaded.dataDirectory != configuration.dataDirectory { fixed.append("data_dir") }
        if loaded.threads != configuration.threads { fixed.append("threads") }
        if loaded.nodeName != configuration.nodeName { fixed.append("node_name") }
        if loaded.checkpointCopy != configuration.checkpointCopy { fixed.append("checkpoint_copy") }
        if !fixed.isEmpty {
            logger.warning("some settings change at the next start only", metadata: ["settings": "\(fixed)"])
        }
    }

    private func reloadPrices() async {
        let source = PriceBookSource(configuration: configuration)
        let prices = node.prices
        do {
            let (adoption, difference) = try await NIOThreadPool.singleton.runIfActive {
                () throws -> (ManagementBackend.Adoption, PriceBookDifference?) in
                let before = try prices.book() ?? .empty
                let adoption = try prices.adopt(source)
                guard adoption.isNew, let after = try prices.book() else {
                    return (adoption, nil)
                }
                return (adoption, PriceBookDifference(from: before, to: after))
            }
            if adoption.isNew {
                var metadata: Logger.Metadata = ["revision": "\(adoption.revision)"]
                if let difference { metadata["changes"] = "\(difference.summary(most: 10))" }
                logger.notice("adopted a price book", metadata: metadata)
            }
        } catch {
            logger.error("kept the price book: the file was refused", metadata: ["error": "\(error)"])
        }
    }
}

/// What tells a changed file from an unchanged one.
struct FileStamp: Equatable {
    private var modified: Date
    private var size: UInt64
    private var number: UInt64

    init?(_ path: String) {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else { return nil }
        modified = attributes[.modificationDate] as? Date ?? .distantPast
        size = attributes[.size] as? UInt64 ?? 0
        number = attributes[.systemFileNumber] as? UInt64 ?? 0
    }
}
