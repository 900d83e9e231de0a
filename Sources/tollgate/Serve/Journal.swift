import Admin
import Events
import Ledger
import Logging
import Settings
import Views

/// The events that a node writes about itself.
enum Journal {
    /// Writes the schema version where the ledger is of another, and a loss that an operator accepted.
    ///
    /// Throws, before anything is written, when a newer program wrote the ledger's last record.
    static func begin(_ ledger: Ledger, _ logger: Logger? = nil) throws {
        var events: [Event] = []
        let now = WallClock.now()
        if let adoption = try SchemaAdoption.due(ledger, now: now) { events.append(adoption) }
        if let lost = ledger.lostRange {
            events.append(
                .historyTruncated(HistoryTruncated(time: now, first: lost.lowerBound, last: lost.upperBound))
            )
        }
        try ledger.appendAndWait(events.map(EventCodec.encode))
        guard let lost = ledger.lostRange else { return }
        try ledger.clearLostRange()
        logger?.warning(
            "history is lost, or can no longer be checked, and was accepted as that; the ledger now says so",
            metadata: ["first": "\(lost.lowerBound)", "last": "\(lost.upperBound)"]
        )
    }

    /// Tells an operator how the ledger is doing.
    static func log(_ notice: LedgerNotice, to logger: Logger) {
        switch notice {
        case .writeFailed(let message):
            logger.error(
                "the ledger cannot write; nothing is acknowledged until it can",
                metadata: ["error": "\(message)"]
            )
        case .resumed: logger.notice("the ledger was reopened and reconciled, and writes again")
        case .spaceShort(let free, let limit):
            logger.error(
                "the disk of the ledger is nearly full; free some space",
                metadata: ["free_bytes": "\(free)", "min_free_space": "\(limit)"]
            )
        case .spaceBack(let free):
            logger.notice("the disk of the ledger has space again", metadata: ["free_bytes": "\(free)"])
        case .copyMissing(let path):
            logger.warning(
                "checkpoint_copy is a new file, so nothing in it could be compared; is its disk mounted?",
                metadata: ["file": "\(path)"]
            )
        case .checkpointFailed(let message):
            logger.warning("a checkpoint could not be written", metadata: ["error": "\(message)"])
        }
    }

    /// Writes what became of the requests that an earlier process left under way.
    static func recover(
        _ ledger: Ledger,
        _ views: ViewService,
        _ identities: Identities,
        _ logger: Logger
    ) throws {
        let state = views.readBlocking { $0 }
        let now = WallClock.now()
        let count = try Recovery.interruptLeftovers(ledger: ledger, state: state, now: now) { client in
            guard !client.isEmpty, !Identities.isID(client) else { return client }
            return try identities.ids(for: [client], now: now)[client] ?? client
        }
        if count > 0 {
            logger.warning("an earlier process left requests under way", metadata: ["interrupted": "\(count)"])
        }
    }

    /// Writes that the node serves, and with which configuration when that is another than last time.
    static func started(_ ledger: Ledger, _ configuration: Configuration) throws {
        let now = WallClock.now()
        let last = try lastConfigurationHash(ledger)
        var events: [Event] = [.nodeStarted(NodeStarted(time: now, program: "tollgate " + Tollgate.version))]
        if last != configuration.hash { events.append(changed(configuration, now)) }
        try ledger.appendAndWait(events.map(EventCodec.encode))
    }

    /// Writes that requests are served with another configuration.
    static func changed(_ ledger: Ledger, _ configuration: Configuration) throws(LedgerError) {
        try ledger.appendAndWait([EventCodec.encode(changed(configuration, WallClock.now()))])
    }

    /// Writes that the node ends in good order.
    static func stopped(_ ledger: Ledger) throws(LedgerError) {
        let event = NodeStopped(time: WallClock.now(), reason: "signal")
        try ledger.appendAndWait([EventCodec.encode(.nodeStopped(event))])
    }

    private static func changed(_ configuration: Configuration, _ time: Int64) -> Event {
        .configurationChanged(
            ConfigurationChanged(time: time, hash: configuration.hash, summary: configuration.summary)
        )
    }

    /// How many of the newest events are looked through; further back the configuration is simply told again.
    private static let lookBack: UInt64 = 20_000

    private static func lastConfigurationHash(_ ledger: Ledger) throws -> [UInt8]? {
        let head = ledger.head
        var found: [UInt8]?
        try ledger.scan(from: head > lookBack ? head - lookBack : 1, through: head) { _, record in
            if try EventCodec.kind(of: record) == .configurationChanged,
                case .configurationChanged(let event) = try EventCodec.decode(record)
            {
                found = event.hash
            }
            return true
        }
        return found
    }
}
