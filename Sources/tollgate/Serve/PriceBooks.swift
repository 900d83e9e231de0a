import Accounting
import Admin
import Events
import Ledger
import Synchronization
import Views

/// The price book in force: what was adopted last in the ledger, and the only place that adopts another.
final class PriceBooks: Sendable {
    private let ledger: Ledger
    private let views: ViewService
    private let identities: Identities
    private let current: Mutex<State>
    /// Told of every new pricer.
    private let watcher = Mutex<(@Sendable (Pricer) -> Void)?>(nil)

    private struct State {
        var pricer = Pricer(book: .empty, revision: 0)
        var hash: [UInt8] = []
        var sequence: UInt64 = 0
        var origin = PriceBookSource.builtIn
        var clientMultipliers: [String: Multiplier] = [:]
    }

    /// Takes up the book that a ledger's views name as the last; the empty book when there is none yet.
    init(ledger: Ledger, views: ViewService, identities: Identities) throws {
        self.ledger = ledger
        self.views = views
        self.identities = identities
        var state = State()
        if let last = views.readBlocking({ $0.books.last }), let pricer = views.pricer, pricer.revision == last.revision
        {
            state = State(
                pricer: pricer,
                hash: last.hash,
                sequence: last.sequence,
                origin: last.origin,
                clientMultipliers: pricer.clientMultipliers
            )
        }
        current = Mutex(state)
    }

    /// The pricer of the book in force.
    var pricer: Pricer { current.withLock { $0.pricer } }

    /// The book in force, read from the ledger again, as only its pricer is kept; nil when there is none. Blocking.
    func book() throws -> PriceBook? {
        let sequence = current.withLock { $0.sequence }
        guard sequence > 0, let record = try ledger.record(at: sequence),
            case .priceBookAdopted(let adopted) = try EventCodec.decode(record)
        else { return nil }
        return adopted.book
    }

    /// Calls a closure with every pricer from now on.
    func watch(_ body: @escaping @Sendable (Pricer) -> Void) { watcher.withLock { $0 = body } }

    /// Puts the configured book in force. The built-in one only ever follows an older built-in one: a book that an
    /// operator adopted stays, where no file is configured, over reloads, restarts and new versions. Blocking.
    func adopt(_ source: PriceBookSource) throws(ManagementError) -> ManagementBackend.Adoption {
        let state = current.withLock { $0 }
        if source.path == nil, state.origin != PriceBookSource.builtIn {
            return .init(revision: state.pricer.revision, sequence: state.sequence, isNew: false)
        }
        if source.path == nil, hexText(state.hash) == PriceBook.builtInHash, state.clientMultipliers.isEmpty {
            return .init(revision: state.pricer.revision, sequence: state.sequence, isNew: false)
        }
        let (book, origin) = try source.load()
        return try adopt(book, origin: origin)
    }

    /// A book as it is recorded. Blocking.
    ///
    /// - Parameter allotsIDs: gives ids to clients that have none yet; else their names stay.
    func recorded(_ book: PriceBook, allotsIDs: Bool) throws(ManagementError) -> PriceBook {
        let inForce = current.withLock { $0.clientMultipliers }
        guard !book.clientMultipliers.isEmpty || !inForce.isEmpty else { return book }
        do {
            if allotsIDs {
                let names = book.clientMultipliers.keys.filter { !Identities.isID($0) }
                _ = try identities.ids(for: names, now: WallClock.now())
            }
            let clients = identities.clients
            let known = Set(clients.map(\.id))
            return try book.recorded(
                ids: Dictionary(clients.map { ($0.name, $0.id) }) { first, _ in first },
                literal: views.readBlocking { $0.clients },
                forgotten: inForce.filter { Identities.isID($0.key) && !known.contains($0.key) }
            )
        } catch let error as LedgerError {
            throw ManagementError(.unavailable, error.message)
        } catch {
            throw ManagementError(.invalidBook, "\(error)")
        }
    }

    /// Follows a client whose name was forgotten: the factor on its cost, if there is one, holds for the id that the name
    /// has from now on as well. Blocking.
    ///
    /// - Parameter name: nil when nobody goes by the name any more.
    /// - Returns: whether the book in force has a factor for the client.
    func rename(from id: String, to name: String?) throws -> Bool {
        let state = current.withLock { $0 }
        guard let factor = state.clientMultipliers[id] else { return false }
        guard let name, let record = try ledger.record(at: state.sequence),
            case .priceBookAdopted(let adopted) = try EventCodec.decode(record)
        else { return true }
        var factors = adopted.book.clientMultipliers
        factors[name] = factor
        _ = try adopt(try adopted.book.with(clientMultipliers: factors), origin: state.origin)
        return true
    }

    /// Puts a book in force: appends `pricebook.adopted` and prices new requests by it. Blocking.
    ///
    /// A book that is in force already is not written again.
    func adopt(_ book: PriceBook, origin: String) throws(ManagementError) -> ManagementBackend.Adoption {
        let book = try recorded(book, allotsIDs: true)
        let hash = SHA256.hash(book.encode())
        let result = current.withLock { state -> Result<(ManagementBackend.Adoption, Pricer?), ManagementError> in
            guard hash != state.hash else {
                let same = ManagementBackend.Adoption(
                    revision: state.pricer.revision,
                    sequence: state.sequence,
                    isNew: false
                )
                return .success((same, nil))
            }
            let revision = state.pricer.revision &+ 1
            let event = PriceBookAdopted(
                time: WallClock.now(),
                revision: revision,
                hash: hash,
                origin: origin,
                book: book
            )
            do {
                // A directory that no server has opened since the program changed is of an older version still.
                if let adoption = try SchemaAdoption.due(ledger, now: event.time) {
                    try ledger.appendAndWait([EventCodec.encode(adoption)])
                }
                let sequence = try ledger.appendAndWait([EventCodec.encode(.priceBookAdopted(event))])
                state = State(
                    pricer: Pricer(book: book, revision: revision),
                    hash: hash,
                    sequence: sequence,
                    origin: origin,
                    clientMultipliers: book.clientMultipliers
                )
                let adoption = ManagementBackend.Adoption(revision: revision, sequence: sequence, isNew: true)
                return .success((adoption, state.pricer))
            } catch {
                return .failure(ManagementError(.unavailable, "The price book could not be recorded: \(error)"))
            }
        }
        let (adoption, pricer) = try result.get()
        if let pricer { watcher.withLock(\.self)?(pricer) }
        return adoption
    }
}
