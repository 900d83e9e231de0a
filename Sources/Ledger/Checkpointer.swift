internal import Synchronization

/// Signs and writes the checkpoint, on a thread of its own so that its syncs do not hold up commits.
final class Checkpointer: Sendable {
    private let state: LedgerState
    private let key: NodeKey
    private let path: String
    private let written: Mutex<(size: UInt64, at: UInt64)>

    init(state: LedgerState, key: NodeKey, path: String, size: UInt64) {
        self.state = state
        self.key = key
        self.path = path
        self.written = Mutex((size, monotonicNanoseconds()))
    }

    /// Runs until the ledger stops. The last checkpoint is the closer's business.
    func run() {
        let interval = UInt64(clamping: max(1, state.options.checkpointIntervalMilliseconds)) * 1_000_000
        while !state.isStopping.load(ordering: .acquiring) {
            let isDue = state.head.load(ordering: .acquiring) != written.withLock { $0.size }
            if isDue { write() }
            let deadline = isDue ? monotonicNanoseconds() &+ interval : nil
            state.checkpointWakeup.wakeup.sleep(until: deadline) {
                state.isStopping.load(ordering: .sequentiallyConsistent)
                    || (deadline == nil && state.head.load(ordering: .acquiring) != written.withLock { $0.size })
            }
        }
    }

    /// Writes a checkpoint of the last commit. An error is counted, and the next time tries again.
    func write() {
        let tree = state.tree.withLock { $0 }
        do {
            try Checkpointer.write(tree, key: key, path: path, copy: state.options.checkpointCopy)
            written.withLock { $0 = (tree.size, monotonicNanoseconds()) }
        } catch {
            let isNews = state.statistics.withLock { statistics in
                defer { statistics.lastError = error.message }
                statistics.checkpointErrors += 1
                return statistics.lastError != error.message
            }
            if isNews { state.options.notify?(.checkpointFailed(error.message)) }
        }
    }

    static func write(_ tree: MerkleTree, key: NodeKey, path: String, copy: String?) throws(LedgerError) {
        let checkpoint = Checkpoint(origin: key.origin, size: tree.size, root: tree.root)
        let note = try checkpoint.note(signedBy: key)
        KillPoint.beforeCheckpoint.pass()
        try Files.replace(path, with: note, mode: 0o644, killPoint: .beforeRename)
        KillPoint.afterCheckpoint.pass()
        if let copy { try CheckpointCopy.append(note, to: copy) }
    }

    /// The size the checkpoint covers, and the seconds since it covered everything.
    func coverage() -> (size: UInt64, ageSeconds: Double) {
        let (size, at) = written.withLock { $0 }
        guard state.head.load(ordering: .acquiring) != size else { return (size, 0) }
        return (size, Double(monotonicNanoseconds() &- at) / 1e9)
    }
}
