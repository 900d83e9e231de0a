import Accounting
import Admin
import Events
import Ledger
import Synchronization
import Views

/// The price book in force: what was adopted last in the ledger, and the only place that adopts another.
final class PriceBooks: Sendable {
    private let ledger: Ledger
    private let current: Mutex<(pricer: Pricer, hash: [UInt8], sequence: UInt64, origin: String)>
    /// Told of every new pricer.
    private let watcher = Mutex<(@Sendable (Pricer) -> Void)?>(nil)

    /// Takes up the book that a ledger's views name as the last; the empty book when there is none yet.
    init(ledger: Ledger, views: ViewService) throws {
        self.ledger = ledger
        var state = (
            pricer: Pricer(book: .empty, revision: 0), hash: [UInt8](), sequence: UInt64(0),
            origin: PriceBookSource.builtIn
        )
        if let last = views.readBlocking({ $0.books.last }), let record = try ledger.record(at: last.sequence),
            case .priceBookAdopted(let adopted) = try EventCodec.decode(record)
        {
            state = (
                Pricer(book: adopted.book, revision: adopted.revision), adopted.hash, last.sequence, adopted.origin
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
        let (book, origin) = try source.load()
        return try adopt(book, origin: origin)
    }

    /// Puts a book in force: appends `pricebook.adopted` and prices new requests by it. Blocking.
    ///
    /// A book that is in force already is not written again.
    func adopt(_ book: PriceBook, origin: String) throws(ManagementError) -> ManagementBackend.Adoption {
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
            do throws(LedgerError) {
                let sequence = try ledger.appendAndWait([EventCodec.encode(.priceBookAdopted(event))])
                state = (Pricer(book: book, revision: revision), hash, sequence, origin)
                let adoption = ManagementBackend.Adoption(revision: revision, sequence: sequence, isNew: true)
                return .success((adoption, state.pricer))
            } catch {
                return .failure(ManagementError(.unavailable, "The price book could not be recorded: \(error.message)"))
            }
        }
        let (adoption, pricer) = try result.get()
        if let pricer { watcher.withLock(\.self)?(pricer) }
        return adoption
    }
}
