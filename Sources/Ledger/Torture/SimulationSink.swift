internal import Glibc
internal import LevelDB
internal import Synchronization

/// Waits for one commit.
final class SimulationSink: CommitSink {
    private let semaphore = Semaphore()
    private let sequence = Mutex<UInt64?>(nil)

    func committed(_ commits: [Commit]) {
        sequence.withLock { $0 = commits.first?.sequence }
        semaphore.signal()
    }

    /// The sequence once there is one; waits at most until `deadline` (monotonic nanoseconds).
    func wait(until deadline: UInt64) -> UInt64? {
        semaphore.wait(until: deadline)
        return sequence.withLock { $0 }
    }
}

/// Lets other threads run.
func yieldThread() { sched_yield() }

extension LedgerOptions {
    /// Has the process killed just before the `nth` call of a kind that the store makes to the file system: `open`,
    /// `append`, `sync`, `rename`, `remove`, `directory` or `read`; `torn` lets half of an append through. False when
    /// there is no such kind.
    package mutating func killAtStoreCall(_ name: String, nth: UInt64) -> Bool {
        let calls: [String: FaultInjector.Call] = [
            "open": .open, "append": .append, "torn": .append, "sync": .sync, "rename": .rename, "remove": .remove,
            "directory": .directory, "read": .read,
        ]
        guard let call = calls[name] else { return false }
        let faults = FaultInjector()
        faults.arm(call, nth: max(nth, 1), errno: FaultInjector.kill, shortWrite: name == "torn")
        databaseOptions.faults = faults
        return true
    }
}
