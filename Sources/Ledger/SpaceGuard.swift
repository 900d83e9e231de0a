internal import Glibc
internal import Synchronization

/// Watches the free space of the ledger's file system, on a thread of its own.
///
/// Below the limit the ledger takes no new work, but what is under way still finds room; above the limit and a quarter
/// more it goes on by itself. The distance keeps it from going to and fro.
final class SpaceGuard: Sendable {
    private static let interval: UInt64 = 250_000_000

    private let state: LedgerState
    private let limit: UInt64
    private let free = Atomic<UInt64>(0)

    init(state: LedgerState) {
        self.state = state
        self.limit = state.options.minFreeBytes
    }

    /// The bytes that were free at the last look.
    var freeBytes: UInt64 { free.load(ordering: .relaxed) }

    /// Runs until the ledger stops.
    func run() {
        while !state.isStopping.load(ordering: .acquiring) {
            look()
            state.spaceWakeup.wakeup.sleep(until: monotonicNanoseconds() &+ SpaceGuard.interval) {
                state.isStopping.load(ordering: .sequentiallyConsistent)
            }
        }
    }

    /// Looks once. What cannot be found out changes nothing.
    func look() {
        guard let now = state.options.freeSpace(state.options.directory) else { return }
        free.store(now, ordering: .relaxed)
        let enough = limit &+ limit / 4
        if state.hindrances.contains(.space) {
            if now >= enough {
                state.hindrances.remove(.space)
                state.options.notify?(.spaceBack(free: now))
            }
        } else if now < limit {
            state.hindrances.insert(.space)
            state.options.notify?(.spaceShort(free: now, limit: limit))
        }
        if let ballast = state.ballast, now >= enough &+ ballast.bytes, !ballast.exists { _ = ballast.fill() }
    }

    /// What an unprivileged process may still write to the file system of a path, in bytes.
    static func free(at path: String) -> UInt64? {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return nil }
        return UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue
    }
}

/// What keeps a ledger from taking records.
struct Hindrances: ~Copyable, Sendable {
    struct Kind: OptionSet, Sendable {
        let rawValue: UInt8
        /// It was opened for reading, or it is closed.
        static let closed = Kind(rawValue: 1)
        /// A write error is being recovered from.
        static let recovery = Kind(rawValue: 2)
        /// The disk is nearly full. Records of what is under way are still taken.
        static let space = Kind(rawValue: 4)
    }

    private let bits: Atomic<UInt8>

    init(_ kinds: Kind) { bits = Atomic(kinds.rawValue) }

    var kinds: Kind { Kind(rawValue: bits.load(ordering: .acquiring)) }
    func contains(_ kind: Kind) -> Bool { kinds.contains(kind) }
    func insert(_ kind: Kind) { _ = bits.bitwiseOr(kind.rawValue, ordering: .acquiringAndReleasing) }
    func remove(_ kind: Kind) { _ = bits.bitwiseAnd(~kind.rawValue, ordering: .acquiringAndReleasing) }
}
