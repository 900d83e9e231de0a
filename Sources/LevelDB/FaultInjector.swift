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
        /// Giving a file another name.
        case rename = 3
        /// Removing a file.
        case remove = 4
        /// Syncing a directory.
        case directory = 5
        /// Opening a file for reading.
        case read = 6
    }

    /// In place of an errno: the process ends just before the call, as by kill -9.
    package static let kill = Int32(CLEVELDB_ERROR_KILL)
    /// In place of an errno: the power goes just before the call, see `cutPower`.
    package static let powerCut = Int32(CLEVELDB_ERROR_POWER)

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

    /// Makes every call of a kind take so much longer; 0 for no more.
    package func delay(_ call: Call, microseconds: UInt64) {
        if let pointer { cleveldb_faults_delay(pointer, call.rawValue, microseconds) }
    }

    /// Whether the power is gone.
    package var isPowerless: Bool { pointer.map { cleveldb_faults_powerless($0) != 0 } ?? false }

    /// From here on nothing more reaches the disk.
    package func cutPower() { if let pointer { cleveldb_faults_cut_power(pointer) } }

    /// Once the database is closed: drops everything that was never synced, directory entries included.
    ///
    /// With a `seed` other than 0 the disk had written a part of it, another one for each seed.
    package func restorePower(seed: UInt64 = 0) { if let pointer { cleveldb_faults_restore_power(pointer, seed) } }
}
