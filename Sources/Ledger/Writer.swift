internal import Glibc
internal import LevelDB
internal import Synchronization

/// The one thread that numbers, hashes and stores records: everything here but `state` belongs to it.
final class Writer: @unchecked Sendable {
    /// A batch takes further entries up to this many bytes, so that no commit takes too long.
    static let batchByteLimit = 1 << 20

    private let state: LedgerState
    private var tree: MerkleTree
    private var batch: WriteBatch
    private var key = [UInt8](repeating: 0, count: Keys.tileLength)
    private var waiting: [Entry] = []
    /// Overdue in-flight records that go into the next batch, before anything that waits.
    private var started: [[UInt8]] = []
    private var lastLook: UInt64 = 0

    init(state: LedgerState, tree: MerkleTree) throws(LedgerError) {
        self.state = state
        self.tree = tree
        do {
            self.batch = try WriteBatch()
        } catch {
            throw LedgerError(error, directory: state.options.directory)
        }
    }

    /// Runs until the ledger stops, then commits what still waits.
    func run() {
        while !state.isAbandoned.load(ordering: .relaxed) {
            state.intake.takeAll(into: &waiting)
            if waiting.isEmpty, started.isEmpty {
                if state.isStopping.load(ordering: .acquiring) { break }
                look()
                if started.isEmpty { sleep() }
                continue
            }
            gather()
            guard commitWaiting() else { break }
            look()
        }
        refuseWaiting()
    }

    private func sleep() {
        let deadline = state.inFlight.openCount > 0 ? monotonicNanoseconds() &+ lookInterval : nil
        state.wakeup.wakeup.sleep(until: deadline) {
            // Slots claimed before the announcement woke nobody.
            !state.intake.isEmpty || state.isStopping.load(ordering: .sequentiallyConsistent)
                || (deadline == nil && state.inFlight.openCount > 0)
        }
    }

    /// Lets more records arrive when several already do and more are under way: one sync then serves them all.
    private func gather() {
        let window = state.options.gatherMicroseconds
        guard window > 0, waiting.count > 1, state.inFlight.openCount > waiting.count,
            !state.isStopping.load(ordering: .relaxed)
        else { return }
        usleep(UInt32(clamping: min(window, 10_000)))
        state.intake.takeAll(into: &waiting)
    }

    // MARK: - In-flight records

    private var lookInterval: UInt64 {
        UInt64(clamping: min(max(state.options.startedDelayMilliseconds, 0), 100)) * 1_000_000
    }

    /// Finds requests that have been under way for long and have no record yet.
    private func look() {
        let now = monotonicNanoseconds()
        guard now &- lastLook >= lookInterval else { return }
        lastLook = now
        // Where space is short, what is under way stays in its table, which has its blocks already.
        guard state.inFlight.openCount > 0, !state.hindrances.contains(.space) else { return }
        let delay = UInt64(clamping: state.options.startedDelayMilliseconds)
        let coarse = coarseMilliseconds()
        guard coarse >= delay else { return }
        state.inFlight.overdue(claimedUpTo: coarse - delay, into: &started)
    }

    // MARK: - Commit

    /// Commits everything in `waiting`, in batches; false when the ledger stops before that is done.
    private func commitWaiting() -> Bool {
        var next = 0
        while next < waiting.count || !started.isEmpty {
            let end = assemble(from: next)
            let bytes = batch.byteCount
            let before = monotonicNanoseconds()
            KillPoint.beforeWrite.pass()
            guard writeOrRecover(from: next, to: end) else {
                waiting.removeFirst(min(next, waiting.count))
                return false
            }
            KillPoint.afterWrite.pass()
            let seconds = Double(monotonicNanoseconds() &- before) / 1e9
            publish(from: next, to: end, bytes: bytes, seconds: seconds)
            next = end
        }
        waiting.removeAll(keepingCapacity: true)
        return true
    }

    /// Numbers and hashes entries into `batch` and `tree`, from `start` until the batch is full.
    private func assemble(from start: Int) -> Int {
        batch.removeAll()
        for record in started { add(record) }
        var next = start
        while next < waiting.count {
            let entry = waiting[next]
            add(entry.record)
            if let slot = entry.slot { state.inFlight.settle(slot, sequence: tree.size) }
            for record in entry.more { add(record) }
            next += 1
            if batch.byteCount >= Writer.batchByteLimit { break }
        }
        return next
    }

    private func add(_ record: [UInt8]) {
        record.withUnsafeBytes { record in
            let fillsTile = tree.append(Digest.leaf(record))
            key.withUnsafeMutableBytes { key in
                key[0] = Keys.recordPrefix
                key.storeBytes(of: tree.size.bigEndian, toByteOffset: 1, as: UInt64.self)
                batch.put(UnsafeRawBufferPointer(rebasing: key[..<Keys.recordLength]), record)
                guard fillsTile else { return }
                key[Keys.recordLength] = 1
                tree.tileRow.bytes.withUnsafeBytes { batch.put(UnsafeRawBufferPointer(key), $0) }
            }
        }
    }

    /// Makes the batch known: head, tree, freed slots, waiting responses.
    private func publish(from start: Int, to end: Int, bytes: Int, seconds: Double) {
        var sequence = state.head.load(ordering: .relaxed) + UInt64(started.count)
        state.tree.withLock { $0 = tree }
        state.head.store(tree.size, ordering: .releasing)
        KillPoint.afterHead.pass()
        var calls: [(sink: any CommitSink, commits: [Commit])] = []
        var released = 0
        for entry in waiting[start..<end] {
            sequence += 1
            released += entry.record.count
            if let slot = entry.slot { state.inFlight.release(slot) }
            if let sink = entry.sink {
                let commit = Commit(token: entry.token, sequence: sequence)
                if let index = calls.firstIndex(where: { $0.sink === sink }) {
                    calls[index].commits.append(commit)
                } else {
                    calls.append((sink, [commit]))
                    calls[calls.count - 1].commits.reserveCapacity(end - start)
                }
            }
            entry.waiter?.finish(.success(sequence))
            sequence += UInt64(entry.more.count)
            for record in entry.more { released += record.count }
        }
        for call in calls { call.sink.committed(call.commits) }
        KillPoint.afterRelease.pass()
        let records = waiting[start..<end].reduce(0) { $0 + 1 + $1.more.count }
        state.intake.release(count: records, bytes: released)
        state.statistics.withLock { $0.count(records: records + started.count, bytes: bytes, seconds: seconds) }
        started.removeAll(keepingCapacity: true)
        state.checkpointWakeup.wakeup.wakeIfAsleep()
    }

    /// The end: what was not stored is neither acknowledged nor lost sight of, its in-flight slots stay occupied.
    private func refuseWaiting(
        _ error: LedgerError = LedgerError(.closed, "the ledger was closed before the record was stored")
    ) {
        state.hindrances.insert(.closed)
        state.intake.shut(into: &waiting)
        for entry in waiting { entry.waiter?.finish(.failure(error)) }
        waiting.removeAll()
    }

    // MARK: - Recovery

    /// Stores the batch; after an error, tries until it is stored or the ledger stops.
    private func writeOrRecover(from start: Int, to end: Int) -> Bool {
        guard let store = state.store.withLock({ $0 }) else { return recover(from: start, to: end) }
        do {
            try store.database.write(batch)
            return true
        } catch {
            noteFailure(error.message, isDiskFull: error.code == .diskFull)
            return recover(from: start, to: end)
        }
    }

    private func noteFailure(_ message: String, isDiskFull: Bool) {
        let isNews = state.statistics.withLock { statistics in
            defer { statistics.lastError = message }
            statistics.writeErrors += 1
            return statistics.lastError != message || !state.hindrances.contains(.recovery)
        }
        if isNews { state.options.notify?(.writeFailed(message)) }
        if isDiskFull, let ballast = state.ballast { _ = ballast.drop() }
    }

    /// Closes and reopens the store, finds out whether the batch is in it, and writes it if not.
    ///
    /// After a failed write or sync LevelDB's handle is not to be trusted, and neither is the outcome: the kernel may
    /// have dropped the pages, or the record may be whole. Only what a fresh handle reads counts.
    private func recover(from start: Int, to end: Int) -> Bool {
        state.hindrances.insert(.recovery)
        var pause: UInt64 = 10_000_000
        while true {
            closeStore()
            // A closing ledger gets one more attempt, so that a passing fault loses nothing.
            let isLast = state.isStopping.load(ordering: .acquiring)
            do {
                let store = try Store(directory: state.options.directory, options: state.options.databaseOptions)
                state.store.withLock { $0 = store }
                switch try reconcile(store, from: start, to: end) {
                case .stored: break
                case .absent: try store.translated { () throws(LevelDBError) in try store.database.write(batch) }
                case .foreign(let message):
                    noteFailure(message, isDiskFull: false)
                    // Nobody can mend that while the process runs, so nobody is kept waiting for it.
                    refuseWaiting(LedgerError(.damaged, message))
                    waitForStop()
                    return false
                }
                state.hindrances.remove(.recovery)
                state.options.notify?(.resumed)
                return true
            } catch {
                noteFailure(error.message, isDiskFull: error.code == .diskFull)
            }
            guard !isLast, !state.isAbandoned.load(ordering: .relaxed) else { return false }
            let deadline = monotonicNanoseconds() &+ pause
            state.wakeup.wakeup.sleep(until: deadline) { state.isStopping.load(ordering: .sequentiallyConsistent) }
            pause = min(pause * 2, 1_000_000_000)
        }
    }

    private func closeStore() {
        let store = state.store.withLock { store in
            defer { store = nil }
            return store
        }
        store?.database.close()
    }

    private enum Reconciled {
        case stored
        case absent
        case foreign(String)
    }

    private func reconcile(_ store: Store, from start: Int, to end: Int) throws(LedgerError) -> Reconciled {
        let committed = state.head.load(ordering: .relaxed)
        let stored = try store.lastSequence()
        if stored == committed { return .absent }
        let directory = state.options.directory
        guard stored == tree.size else {
            return .foreign(
                "after a write error the ledger in \(directory) ends at \(stored), not at \(committed) or \(tree.size); "
                    + "nothing more is written: stop the server, keep a copy of the directory, check the disk"
            )
        }
        var sequence = committed
        for record in started + waiting[start..<end].flatMap({ [$0.record] + $0.more }) {
            sequence += 1
            guard try store.record(at: sequence) == record else {
                return .foreign(
                    "after a write error record \(sequence) in \(directory) is not what was written; check the disk"
                )
            }
        }
        return .stored
    }

    private func waitForStop() {
        while !state.isStopping.load(ordering: .acquiring) {
            state.wakeup.wakeup.sleep(until: nil) { state.isStopping.load(ordering: .sequentiallyConsistent) }
        }
    }
}
