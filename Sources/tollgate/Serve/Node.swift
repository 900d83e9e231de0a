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
    private let isReadOnly: Bool

    private init(ledger: Ledger, views: ViewService, prices: PriceBooks, isReadOnly: Bool) {
        self.ledger = ledger
        self.views = views
        self.prices = prices
        self.isReadOnly = isReadOnly
    }

    /// Opens a data directory to serve from it: makes the ledger on first use, records what an earlier process left
    /// undone, and adopts the configured price book when it differs from the last one. Blocking.
    static func serve(_ configuration: Configuration, acceptLoss: Bool, logger: Logger) throws -> Node {
        let source = PriceBookSource(configuration: configuration)
        // A broken price book must be told before anything is written; the built-in one is not.
        if source.path != nil { _ = try source.load() }
        let ledger = try Ledger.open(
            LedgerOptions(
                directory: configuration.dataDirectory,
                name: configuration.nodeName,
                lanes: GatewayServer.threads(configuration),
                acceptLoss: acceptLoss,
                checkpointCopy: configuration.checkpointCopy
            )
        )
        do {
            try Journal.begin(ledger)
            let node = try Node(ledger, directory: configuration.dataDirectory, isReadOnly: false)
            do {
                if let failure = node.views.failure { throw ManagementError(.damaged, failure) }
                try Journal.recover(ledger, node.views, logger)
                let adoption = try node.prices.adopt(source)
                if adoption.isNew {
                    logger.notice("adopted a price book", metadata: ["revision": "\(adoption.revision)"])
                }
                try Journal.started(ledger, configuration)
                return node
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
            return try Node(ledger, directory: directory, isReadOnly: isReadOnly)
        } catch {
            ledger.close()
            throw error
        }
    }

    private convenience init(_ ledger: Ledger, directory: String, isReadOnly: Bool) throws {
        let folder = directory + (directory.hasSuffix("/") ? "" : "/") + "views"
        let views = try ViewService(source: ledger, options: ViewService.Options(directory: folder))
        do {
            let prices = try PriceBooks(ledger: ledger, views: views)
            self.init(ledger: ledger, views: views, prices: prices, isReadOnly: isReadOnly)
        } catch {
            views.close()
            throw error
        }
    }

    /// What the management side asks for; the serving process adds its samples.
    func backend(isServing: Bool) -> ManagementBackend {
        let prices = prices
        let isReadOnly = isReadOnly
        return ManagementBackend(
            source: ledger,
            views: views,
            version: Tollgate.version,
            isServing: isServing,
            readBook: { bytes throws(ManagementError) in try PriceBookSource.parse(bytes) },
            writeBook: { PriceBookSource.yaml($0) },
            adopt: { book, origin throws(ManagementError) in
                guard !isReadOnly else { throw ManagementError(.conflict, "The directory was opened for reading only") }
                return try prices.adopt(book, origin: origin)
            }
        )
    }

    /// Writes the views' snapshot and closes the ledger. Blocking; idempotent.
    func close() {
        views.close()
        ledger.close()
    }
}
