internal import CLevelDB

/// Makes the file layer under a database fail at a chosen call, and simulates a power cut. For tests.
package final class FaultInjector: @unchecked Sendable {
    /// The calls that can be made to fail.
    package enum Call: Int32, CaseIterable, Sendable {
        /// Creation of a file.
        case open = 0
        /// Appending to a file.
        case append = 1
        /// Syncing a file.
        case sync = 2
    }

    let pointer: OpaquePointer?

    /// With `hardened` off the databases behave as LevelDB does without the hardened file layer.
    package init(hardened: Bool = true) {
        pointer = cleveldb_faults_create(hardened ? 1 : 0)
    }

    deinit { if let pointer { cleveldb_faults_destroy(pointer) } }

    /// Forgets all faults and counts from zero.
    package func reset() { if let pointer { cleveldb_faults_reset(pointer) } }

    /// Makes the `nth` call (from 1, counted from the last reset) and the `count - 1` after it fail with `errno`.
    package func arm(_ call: Call, nth: UInt64, count: UInt64 = 1, errno: Int32, shortWrite: Bool = false) {
        if let pointer { cleveldb_faults_arm(pointer, call.rawValue, nth, count, errno, shortWrite ? 1 : 0) }
    }

    /// Calls seen since the last reset.
    package func calls(_ call: Call) -> UInt64 {
        pointer.map { cleveldb_faults_calls($0, call.rawValue) } ?? 0
    }

    /// Faults delivered since the last reset.
    package var fired: UInt64 { pointer.map { cleveldb_faults_fired($0) } ?? 0 }

    /// From here on nothing more reaches the disk.
    package func cutPower() { if let pointer { cleveldb_faults_cut_power(pointer) } }

    /// Once the database is closed: drops everything that was never synced, directory entries included.
    package func restorePower() { if let pointer { cleveldb_faults_restore_power(pointer) } }
}
