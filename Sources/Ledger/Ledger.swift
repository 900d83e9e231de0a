internal import LevelDB
internal import Synchronization

/// An ordered, durable, verifiable log of records. It knows nothing about what is in them.
///
/// Sequence numbers start at 1 and have no gaps. One thread of the ledger's own writes; every commit is synced.
/// One process at a time may open a data directory.
public final class Ledger: Sendable {
    /// The longest record, in bytes.
    public static let recordLimit = 16 << 20
    static let queueByteLimit = 256 << 20

    /// Name and random id of this ledger, fixed at its creation: (origin, sequence) names a record for ever.
    public let origin: String
    /// The public key that checkpoints verify with, in the C2SP form `<origin>+<key id>+<base64>`.
    public let verifierKey: String
    /// Requests that are under way.
    public let inFlight: InFlightTable
    /// In-flight records an earlier process left: what it sent upstream and never committed. See `clearLeftovers`.
    public let leftovers: [[UInt8]]
    /// Sequences whose loss was accepted (`acceptLoss`), now or at an opening that ended before it was recorded; to be
    /// recorded by the caller, who then calls ``clearLostRange()``. Else nil.
    public let lostRange: ClosedRange<UInt64>?

    let key: NodeKey
    private let state: LedgerState
    private let leftoverFiles: Leftovers
    private let checkpointer: Checkpointer
    /// Nil without a guard.
    private let space: SpaceGuard?
    private let threads: Mutex<[Thread]>

    /// Opens the ledger of a data directory, or creates it.
    ///
    /// Takes a time that does not depend on the length of the history. Throws when another process holds the
    /// directory, when it cannot be used, and when the ledger does not fit its checkpoint.
    public static func open(_ options: LedgerOptions) throws(LedgerError) -> Ledger {
        try Ledger(options)
    }

    private init(_ requested: LedgerOptions) throws(LedgerError) {
        let opening = try Opening(requested)
        let options = opening.options
        let directory = options.directory
        let leftovers = try Leftovers.collect(
            directory,
            head: opening.tree.size,
            putAside: !options.readOnlyIntent
        )
        let geometry = Opening.geometry(options)
        let file =
            options.readOnlyIntent
            ? try InFlightFile.anonymous(geometry)
            : try InFlightFile.create(directory + "/inflight", geometry: geometry)
        let wakeup = WriterWakeup()
        let inFlight = InFlightTable(file: file) { wakeup.wakeup.wakeIfAsleep() }
        let state = LedgerState(
            options: options,
            store: opening.store,
            tree: opening.tree,
            inFlight: inFlight,
            wakeup: wakeup
        )
        let checkpointer = Checkpointer(
            state: state,
            key: opening.key,
            path: Opening.checkpointPath(directory),
            size: opening.checkpointSize
        )
        self.origin = opening.key.origin
        self.verifierKey = opening.key.verifier.text
        self.key = opening.key
        self.inFlight = inFlight
        self.leftovers = leftovers.records
        self.leftoverFiles = leftovers
        self.lostRange = opening.lostRange
        self.state = state
        self.checkpointer = checkpointer
        let space = state.ballast == nil ? nil : SpaceGuard(state: state)
        self.space = space
        guard !options.readOnlyIntent else {
            self.threads = Mutex([])
            return
        }
        space?.look()
        let writer = try Writer(state: state, tree: opening.tree)
        let noThread = LedgerError(.ioError, "the system gives no further thread; raise the limit (ulimit -u)")
        guard let writing = Thread({ writer.run() }) else { throw noThread }
        guard let signing = Thread({ checkpointer.run() }) else {
            state.isStopping.store(true, ordering: .sequentiallyConsistent)
            wakeup.wakeup.wake()
            writing.join()
            throw noThread
        }
        var threads = [writing, signing]
        if let space {
            // Without its thread the guard would only be blind, which is no reason not to serve.
            if let watching = Thread({ space.run() }) { threads.append(watching) }
        }
        self.threads = Mutex(threads)
    }

    deinit { close() }

    // MARK: - Appending

    /// The last committed sequence, 0 when the ledger is empty. Any thread.
    public var head: UInt64 { state.head.load(ordering: .acquiring) }

    /// Whether new work may be begun: false while a write error is being recovered from, while the disk is nearly full,
    /// and when the ledger is closed or read-only. Any thread.
    public var isWritable: Bool { state.hindrances.kinds.isEmpty }

    /// Whether no new work may be begun for want of disk space; `append` then still takes what is under way. Any thread.
    public var isShortOfSpace: Bool { state.hindrances.contains(.space) }

    /// What is under way may be recorded even where nothing new may be begun.
    private var takesRecords: Bool { state.hindrances.kinds.subtracting(.space).isEmpty }

    /// Hands a record to the writer, without blocking and without a lock. Any thread.
    ///
    /// Once it is on the disk, `slot` is freed and `sink` hears of it, once per batch. False, and nothing happens
    /// later, when the queue is full, the record is too long, or the ledger cannot write. With `wakesWriter` false the
    /// caller goes on to ``wakeWriter()``, once for several records that come in the same moment.
    public func append(
        _ record: [UInt8],
        token: UInt64,
        slot: InFlightSlot?,
        sink: any CommitSink,
        wakesWriter: Bool = true
    ) -> Bool {
        guard takesRecords, record.count <= Ledger.recordLimit, state.intake.reserve(count: 1, bytes: record.count)
        else { return false }
        guard state.intake.push(Entry(record: record, token: token, slot: slot, sink: sink)) else { return false }
        if wakesWriter { wakeWriter() }
        return true
    }

    /// Has the writer look for records, at no cost where it is awake. Any thread.
    public func wakeWriter() { state.wakeup.wakeup.wake() }

    var directory: String { state.options.directory }

    /// Appends records next to each other and waits until they are on the disk; returns the first one's sequence.
    ///
    /// Blocks for a disk sync or longer, so never on an event loop. With no records it returns the sequence the next
    /// one would get.
    @discardableResult
    public func appendAndWait(_ records: [[UInt8]]) throws(LedgerError) -> UInt64 {
        guard !records.isEmpty else { return head + 1 }
        return try enqueue(records).wait()
    }

    /// Hands over records that are to stand next to each other, at least one.
    func enqueue(_ records: [[UInt8]]) throws(LedgerError) -> Waiter {
        let first = records.first ?? []
        let bytes = records.reduce(0) { $0 + $1.count }
        guard bytes <= Ledger.recordLimit else {
            throw LedgerError(
                .recordTooLong,
                "the records take \(bytes) bytes; at most \(Ledger.recordLimit) are allowed"
            )
        }
        guard takesRecords else {
            guard !state.isStopping.load(ordering: .acquiring) else {
                throw LedgerError(.closed, "the ledger is closed")
            }
            throw LedgerError(.notWritable, "the ledger in \(state.options.directory) cannot be written now\(reason)")
        }
        guard state.intake.reserve(count: records.count, bytes: bytes) else {
            throw LedgerError(.notWritable, "the ledger's queue is full: the disk does not keep up")
        }
        let waiter = Waiter()
        guard state.intake.push(Entry(first: first, more: Array(records.dropFirst()), waiter: waiter)) else {
            throw LedgerError(.closed, "the ledger is closed")
        }
        state.wakeup.wakeup.wake()
        return waiter
    }

    private var reason: String {
        let message = state.statistics.withLock { $0.lastError }
        return message.isEmpty ? "" : ": \(message)"
    }

    /// Forgets the accepted loss, once the caller has recorded it.
    public func clearLostRange() throws(LedgerError) {
        guard !state.options.readOnlyIntent, lostRange != nil else { return }
        try PendingLoss.clear(state.options.directory)
    }

    /// Forgets the leftovers, once the caller has recorded what became of them.
    public func clearLeftovers() {
        guard !state.options.readOnlyIntent else { return }
        KillPoint.beforeClear.pass()
        leftoverFiles.clear()
    }

    // MARK: - State

    /// Size and root of the tree as of the last commit. Any thread; costs some 20 hashes.
    public func treeHead() -> TreeHead { state.tree.withLock { $0 }.head }

    /// How the ledger is doing. Any thread.
    public func statistics() -> LedgerStatistics {
        var statistics = state.statistics.withLock { $0 }
        statistics.head = head
        statistics.queueDepth = state.intake.count
        statistics.queueLimit = state.options.queueLimit
        statistics.inFlight = inFlight.openCount
        statistics.isWritable = isWritable
        statistics.isShortOfSpace = isShortOfSpace
        statistics.freeBytes = space?.freeBytes
        (statistics.checkpointSize, statistics.checkpointAgeSeconds) = checkpointer.coverage()
        return statistics
    }

    /// The store, while it is open.
    func store() throws(LedgerError) -> Store {
        guard let store = state.store.withLock({ $0 }) else {
            guard !state.isStopping.load(ordering: .acquiring) else {
                throw LedgerError(.closed, "the ledger is closed")
            }
            throw LedgerError(.notWritable, "the ledger in \(state.options.directory) is being reopened\(reason)")
        }
        return store
    }

    // MARK: - Closing

    /// Commits what waits, writes a last checkpoint, ends the threads and closes the files. Blocks; idempotent.
    public func close() { stop(abandon: false) }

    /// Ends as if the process were killed: nothing is committed, released or signed any more. For tests.
    package func abandon() { stop(abandon: true) }

    private func stop(abandon: Bool) {
        // The lock is held throughout, so that a second caller returns only when all is closed.
        threads.withLock { threads in
            if abandon { state.isAbandoned.store(true, ordering: .sequentiallyConsistent) }
            state.hindrances.insert(.closed)
            state.isStopping.store(true, ordering: .sequentiallyConsistent)
            state.wakeup.wakeup.wake()
            state.checkpointWakeup.wakeup.wake()
            state.spaceWakeup.wakeup.wake()
            for thread in threads { thread.join() }
            if !threads.isEmpty, !abandon, checkpointer.coverage().size != head { checkpointer.write() }
            threads = []
            let store = state.store.withLock { store in
                defer { store = nil }
                return store
            }
            store?.database.close()
        }
    }
}
