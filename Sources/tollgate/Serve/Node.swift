import Accounting
import Admin
import Events
import Foundation
import Gateway
import Ledger
import Logging
import Settings
import Views

/// The parts that live as long as the process: ledger, views, prices.
final class Node: Sendable {
    let ledger: Ledger
    let views: ViewService
    let prices: PriceBooks
    let identities: Identities
    /// What work on history gives way to; nil where nothing is served.
    let throttle: Throttle?
    private let isReadOnly: Bool

    private init(
        ledger: Ledger,
        views: ViewService,
        prices: PriceBooks,
        identities: Identities,
        throttle: Throttle?,
        isReadOnly: Bool
    ) {
        self.ledger = ledger
        self.views = views
        self.prices = prices
        self.identities = identities
        self.throttle = throttle
        self.isReadOnly = isReadOnly
    }

    /// Opens a data directory to serve from it: makes the ledger on first use, records what an earlier process left
    /// undone, and adopts the configured price book when it differs from the last one. Blocking.
    ///
    /// - Parameter adjust: changes how the ledger is opened, for `tollgate torture-serve` alone.
    /// - Returns: the node, and the configuration as it is recorded: with ids in place of the names of clients.
    static func serve(
        _ configuration: Configuration,
        acceptLoss: Bool,
        logger: Logger,
        adjust: (inout LedgerOptions) -> Void = { _ in }
    ) throws -> (Node, Configuration) {
        let source = PriceBookSource(configuration: configuration)
        // A broken price book must be told before anything is written; the built-in one is not.
        if source.path != nil { _ = try source.load() }
        var options = LedgerOptions(
            directory: configuration.dataDirectory,
            name: configuration.nodeName,
            lanes: GatewayServer.threads(configuration),
            acceptLoss: acceptLoss,
            checkpointCopy: configuration.checkpointCopy,
            minFreeBytes: UInt64(configuration.minFreeSpace),
            notify: { Journal.log($0, to: logger) }
        )
        adjust(&options)
        let ledger = try Ledger.open(options)
        do {
            let identities = try Identities.open(directory: configuration.dataDirectory, isReadOnly: false)
            try Journal.begin(ledger, logger)
            let node = try Node(
                ledger,
                identities,
                directory: configuration.dataDirectory,
                isReadOnly: false,
                isServing: true
            )
            do {
                if let failure = node.views.failure { throw ManagementError(.damaged, failure) }
                try Journal.recover(ledger, node.views, identities, logger)
                let adoption = try node.prices.adopt(source)
                if adoption.isNew {
                    logger.notice("adopted a price book", metadata: ["revision": "\(adoption.revision)"])
                }
                let recorded = try configuration.recorded(by: identities)
                try Journal.started(ledger, recorded)
                return (node, recorded)
            } catch {
                node.views.close()
                throw error
            }
        } catch {
            ledger.close()
            throw error
        }
    }

    /// Opens the directory of a stopped server for one command. Blocking.
    ///
    /// - Parameter isReadOnly: nothing can be adopted then, and the directory is left as it is.
    static func offline(directory: String, isReadOnly: Bool) throws -> Node {
        let ledger = try Ledger.open(LedgerOptions(directory: directory, readOnlyIntent: isReadOnly))
        do {
            return try Node(
                ledger,
                identities(directory, isReadOnly: isReadOnly),
                directory: directory,
                isReadOnly: isReadOnly,
                isServing: false
            )
        } catch {
            ledger.close()
            throw error
        }
    }

    /// The table of names; where a command only reads, a damaged one costs no more than the names.
    private static func identities(_ directory: String, isReadOnly: Bool) throws(LedgerError) -> Identities {
        do throws(LedgerError) {
            return try Identities.open(directory: directory, isReadOnly: isReadOnly)
        } catch {
            guard isReadOnly else { throw error }
            Words.error(error.message)
            return Identities()
        }
    }

    private convenience init(
        _ ledger: Ledger,
        _ identities: Identities,
        directory: String,
        isReadOnly: Bool,
        isServing: Bool
    ) throws {
        let throttle = isServing ? Throttle() : nil
        let folder = directory + (directory.hasSuffix("/") ? "" : "/") + "views"
        var options = ViewService.Options(directory: folder)
        options.throttle = throttle
        let views = try ViewService(source: ledger, options: options)
        do {
            let prices = try PriceBooks(ledger: ledger, views: views, identities: identities)
            self.init(
                ledger: ledger,
                views: views,
                prices: prices,
                identities: identities,
                throttle: throttle,
                isReadOnly: isReadOnly
            )
        } catch {
            views.close()
            throw error
        }
    }

    /// What the management side asks for; the serving process adds its samples.
    func backend(isServing: Bool) -> ManagementBackend {
        let (prices, identities) = (prices, identities)
        let isReadOnly = isReadOnly
        var backend = ManagementBackend(
            source: ledger,
            views: views,
            version: Tollgate.version,
            isServing: isServing,
            identities: identities,
            readBook: { bytes throws(ManagementError) in
                try prices.recorded(try PriceBookSource.parse(bytes), allotsIDs: false)
            },
            writeBook: { PriceBookSource.yaml($0.shown(by: identities.names)) },
            adopt: { book, origin throws(ManagementError) in
                guard !isReadOnly else { throw ManagementError(.conflict, "The directory was opened for reading only") }
                return try prices.adopt(book, origin: origin)
            }
        )
        backend.throttle = throttle
        return backend
    }

    /// Writes the views' snapshot and closes the ledger. Blocking; idempotent.
    func close() {
        views.close()
        ledger.close()
    }
}
