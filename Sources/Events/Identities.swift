public import Ledger
import Synchronization

/// Who stands behind the opaque ids in a ledger: a small table beside it, which may forget.
///
/// The ledger itself never holds the name of a client, only `c_` and 16 random hexadecimal digits, so that a person can be
/// forgotten without touching a record or a proof. The table is the file `identities` of the data directory, mode 0600,
/// and is replaced in one synced step. It also holds the secret with which ids of provider keys are derived. Safe from any
/// thread; changes block while the file is written.
public final class Identities: Sendable {
    /// A client that has an id.
    public struct Client: Equatable, Sendable {
        /// `c_` and 16 hexadecimal digits.
        public var id: String
        /// The name, as the configuration has it.
        public var name: String
        /// When the id was allotted, in microseconds since 1970 (UTC).
        public var since: Int64
    }

    struct Table: Equatable, Sendable {
        var salt: [UInt8]
        /// In the order in which their ids were allotted.
        var clients: [Client] = []
    }

    /// The most clients in the table.
    public static let most = 100_000
    /// The most bytes of a name.
    public static let nameLimit = 256

    private let path: String?
    private let table: Mutex<Table>

    /// A table in memory, with a secret of its own.
    public convenience init() { self.init(path: nil, Table(salt: Self.randomBytes(32))) }

    private init(path: String?, _ table: Table) {
        self.path = path
        self.table = Mutex(table)
    }

    /// The path of the table of a data directory.
    public static func path(_ directory: String) -> String {
        directory + (directory.hasSuffix("/") ? "" : "/") + "identities"
    }

    /// Reads the table of a data directory; where there is none, a new one is begun. Blocking.
    ///
    /// - Parameter isReadOnly: changes then stay in memory, and a missing table is not created.
    ///
    /// Throws when the file is damaged or cannot be read; the ledger does not depend on it.
    public static func open(directory: String, isReadOnly: Bool) throws(LedgerError) -> Identities {
        let path = path(directory)
        guard let content = try Files.read(path, limit: IdentitiesFile.limit) else {
            let table = Table(salt: randomBytes(32))
            if !isReadOnly { try Files.replace(path, with: IdentitiesFile.text(table), mode: 0o600) }
            return Identities(path: isReadOnly ? nil : path, table)
        }
        do throws(IdentitiesFile.Damage) {
            return Identities(path: isReadOnly ? nil : path, try IdentitiesFile.table(content))
        } catch {
            throw LedgerError(
                .damaged,
                "\(path), which holds the names of clients, is damaged: \(error.reason). Put it back from a backup, or "
                    + "move it away: clients then get new ids and earlier events show theirs without a name. The ledger "
                    + "is not affected."
            )
        }
    }

    /// Whether a text has the form of a client's id.
    public static func isID(_ text: String) -> Bool { OpaqueID.client.bits(text) != nil }

    /// The secret that ids of provider keys are derived with, 32 bytes; never leaves the process.
    public var salt: [UInt8] { table.withLock { $0.salt } }

    /// Every client that has an id, oldest first.
    public var clients: [Client] { table.withLock { $0.clients } }

    /// The names of this moment.
    public var names: ClientNames {
        let clients = clients
        return ClientNames(Dictionary(clients.map { ($0.id, $0.name) }) { first, _ in first })
    }

    /// The id of a client by its name; nil when it has none.
    public func id(of name: String) -> String? { table.withLock { $0.clients.first { $0.name == name }?.id } }

    /// The ids of clients by name, allotted where there are none yet. Blocking.
    ///
    /// - Parameter now: the time, in microseconds since 1970 (UTC).
    ///
    /// Throws when the table is full or cannot be written; then nothing changes.
    public func ids(for names: some Sequence<String>, now: Int64) throws(LedgerError) -> [String: String] {
        try change { table throws(LedgerError) in
            var ids = Dictionary(table.clients.map { ($0.name, $0.id) }) { first, _ in first }
            var taken = Set(table.clients.map(\.id))
            var wanted: [String: String] = [:]
            for name in names {
                if let id = ids[name] {
                    wanted[name] = id
                    continue
                }
                guard table.clients.count < Self.most, name.utf8.count <= Self.nameLimit else {
                    throw LedgerError(
                        .invalidOption,
                        "the table of clients takes \(Self.most) names of at most \(Self.nameLimit) bytes; remove clients "
                            + "with `tollgate forget`"
                    )
                }
                var id = Self.randomID()
                while !taken.insert(id).inserted { id = Self.randomID() }
                ids[name] = id
                wanted[name] = id
                table.clients.append(Client(id: id, name: name, since: now))
            }
            return wanted
        }
    }

    /// Removes a name. Blocking.
    ///
    /// - Parameter name: the name or the id.
    /// - Returns: the client that was removed; nil when there was none.
    ///
    /// Throws when the table cannot be written; then nothing changes.
    public func forget(_ name: String) throws(LedgerError) -> Client? {
        try change { table throws(LedgerError) in
            guard let index = table.clients.firstIndex(where: { $0.name == name || $0.id == name }) else { return nil }
            return table.clients.remove(at: index)
        }
    }

    /// Changes the table once the changed one is in the file.
    private func change<Result: Sendable>(
        _ body: (inout Table) throws(LedgerError) -> Result
    ) throws(LedgerError) -> Result {
        let path = path
        return try table.withLock { table throws(LedgerError) in
            var changed = table
            let result = try body(&changed)
            guard changed != table else { return result }
            if let path { try Files.replace(path, with: IdentitiesFile.text(changed), mode: 0o600) }
            table = changed
            return result
        }
    }

    private static func randomID() -> String { OpaqueID.client.text(UInt64.random(in: .min ... .max)) }

    private static func randomBytes(_ count: Int) -> [UInt8] {
        var generator = SystemRandomNumberGenerator()
        return (0..<count).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
    }
}
