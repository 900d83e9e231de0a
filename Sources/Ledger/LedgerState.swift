internal import Synchronization

/// What the writer, the checkpointer and everybody who appends or reads share.
final class LedgerState: Sendable {
    let options: LedgerOptions
    let intake: Intake
    let inFlight: InFlightTable
    let wakeup: WriterWakeup
    let head: Atomic<UInt64>
    let hindrances: Hindrances
    /// What is given up when the disk is full; nil without a guard.
    let ballast: Ballast?
    let isStopping = Atomic<Bool>(false)
    /// Set by a test that plays a killed process: nothing is drained or written any more.
    let isAbandoned = Atomic<Bool>(false)
    /// The open store; nil while it is being reopened.
    let store: Mutex<Store?>
    /// The tree as of the last commit.
    let tree: Mutex<MerkleTree>
    let statistics: Mutex<LedgerStatistics>
    let checkpointWakeup = WriterWakeup()
    let spaceWakeup = WriterWakeup()

    init(options: LedgerOptions, store: Store, tree: MerkleTree, inFlight: InFlightTable, wakeup: WriterWakeup) {
        self.options = options
        self.intake = Intake(countLimit: max(1, options.queueLimit), byteLimit: Ledger.queueByteLimit)
        self.inFlight = inFlight
        self.wakeup = wakeup
        self.head = Atomic(tree.size)
        self.hindrances = Hindrances(options.readOnlyIntent ? .closed : [])
        let isGuarded = options.minFreeBytes > 0 && !options.readOnlyIntent
        self.ballast =
            isGuarded
            ? Ballast(path: options.directory + "/ballast", bytes: min(options.minFreeBytes, Ballast.most)) : nil
        self.store = Mutex(store)
        self.statistics = Mutex(LedgerStatistics())
        self.tree = Mutex(tree)
    }
}

/// A `Wakeup` that several owners can hold.
final class WriterWakeup: Sendable {
    let wakeup = Wakeup()
}
