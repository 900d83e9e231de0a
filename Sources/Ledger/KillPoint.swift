internal import Glibc
internal import Synchronization

/// A place between two steps that must not be torn apart, where a test can have the process killed.
///
/// Nothing outside the process arms one: no environment variable, no option and no file is looked at, only `arm` is,
/// and `tollgate serve` does not call it. Unarmed a point costs one load of a shared word.
package enum KillPoint: Int, CaseIterable, Sendable {
    /// A batch is numbered and hashed, and not yet handed to the store.
    case beforeWrite = 1
    /// The batch is on the disk, and nobody knows yet.
    case afterWrite
    /// The head has moved on, no in-flight slot was freed and no response released.
    case afterHead
    /// The responses of the batch were released.
    case afterRelease
    /// The next checkpoint is signed, and not written.
    case beforeCheckpoint
    /// The checkpoint lies beside the old one, under another name.
    case beforeRename
    /// The checkpoint has taken its place.
    case afterCheckpoint
    /// In-flight records of an earlier process are recorded, and their files still there.
    case beforeClear
    /// A snapshot of the views lies beside the old one, under another name.
    case beforeSnapshot
    /// The snapshot has taken its place.
    case afterSnapshot
    /// A view that was built anew is level, and the old one still serves.
    case beforeSwap
    /// The new view serves.
    case afterSwap

    private static let countBits = 48
    private static let armed = Atomic<UInt64>(0)

    /// Has the process killed when it comes to this point for the `nth` time, counted from now.
    package func arm(nth: UInt64) {
        let count = max(1, min(nth, 1 << KillPoint.countBits - 1))
        KillPoint.armed.store(UInt64(rawValue) << KillPoint.countBits | count, ordering: .relaxed)
    }

    /// Says that the process has come here.
    @inline(__always)
    package func pass() {
        let seen = KillPoint.armed.load(ordering: .relaxed)
        if seen != 0, seen >> KillPoint.countBits == UInt64(rawValue) { KillPoint.count() }
    }

    private static func count() {
        let before = armed.wrappingSubtract(1, ordering: .relaxed).oldValue
        guard before & (1 << countBits - 1) == 1 else { return }
        while true { _ = kill(getpid(), SIGKILL) }
    }
}
