import Foundation
import Ledger
import LevelDB
import Synchronization

/// Collects commits, and lets a test wait for a number of them.
final class CollectingSink: CommitSink {
    private let condition = Condition()
    private let commits = Mutex<[Commit]>([])
    private let calls = Mutex(0)

    func committed(_ commits: [Commit]) {
        self.commits.withLock { $0 += commits }
        calls.withLock { $0 += 1 }
        condition.signal()
    }

    var all: [Commit] { commits.withLock { $0 } }
    var callCount: Int { calls.withLock { $0 } }

    func wait(for count: Int) -> [Commit] {
        while all.count < count { condition.wait() }
        return all
    }
}

/// A semaphore a test may block its own thread on.
final class Condition: @unchecked Sendable {
    private let semaphore = DispatchSemaphore(value: 0)

    func signal() { semaphore.signal() }
    func wait() { semaphore.wait() }
}

func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

extension Ledger {
    /// Everything that is committed.
    func contents() throws -> [[UInt8]] {
        var found: [[UInt8]] = []
        try scan(from: 1, through: .max) { sequence, record in
            guard sequence == UInt64(found.count) + 1 else { throw GapFound(at: sequence) }
            found.append([UInt8](record))
            return true
        }
        return found
    }
}

struct GapFound: Error {
    let at: UInt64
}

func failure(_ options: LedgerOptions) -> LedgerError? {
    do throws(LedgerError) {
        let ledger = try Ledger.open(options)
        ledger.close()
        return nil
    } catch {
        return error
    }
}
