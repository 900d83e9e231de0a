internal import Ledger
internal import Synchronization

/// An export that a thread of its own makes, as fast as it is taken and no faster.
///
/// When the last reference goes, the thread stops at its next piece; it may then still be reading the ledger.
public final class ExportFeed: Sendable {
    private let core: Core

    /// Begins to make an export; nil when the system gives no further thread.
    public init?(_ run: ExportRun) {
        let core = Core()
        let thread = WorkerThread {
            if run.throttle != nil { Throttle.lowerPriority() }
            core.make(run)
        }
        guard thread.started else { return nil }
        thread.detach()
        self.core = core
    }

    deinit { core.end(abandoning: true) }

    /// The next piece, never empty; nil at the end. One task at a time may call it.
    ///
    /// Throws `ViewError` or `LedgerError` when the export could not be made to its end.
    public func next() async throws -> [UInt8]? { try await core.next() }

    /// Ends the waiting for events that are not there yet: what follows is the end of the export. Any thread.
    public func stopFollowing() { core.end(abandoning: false) }
}

private final class Core: Sendable {
    /// Bytes that are made ahead of whoever takes them.
    private static let byteLimit = 1 << 20
    private static let followMilliseconds = 100

    private typealias Continuation = CheckedContinuation<[UInt8]?, any Error>

    private struct State {
        var pieces: [[UInt8]] = []
        var bytes = 0
        var isStopping = false
        var isAbandoned = false
        var outcome: Result<Void, any Error>?
        var waiting: Continuation?
    }

    private let monitor = Monitor()
    private let state = Mutex(State())

    func make(_ run: ExportRun) {
        let outcome = Result { try run.run(waits: wait, emit: put) }
        let waiting = monitor.withLock {
            state.withLock { state in
                state.outcome = outcome
                defer { state.waiting = nil }
                return state.waiting
            }
        }
        waiting?.resume(with: outcome.map { nil })
    }

    /// Waits for events that may have come; false when nobody wants them any more.
    private func wait() -> Bool {
        monitor.withLock {
            if state.withLock({ $0.isStopping }) { return false }
            monitor.wait(milliseconds: Core.followMilliseconds)
            return !state.withLock { $0.isStopping }
        }
    }

    private func put(_ piece: [UInt8]) -> Bool {
        guard !piece.isEmpty else { return true }
        let (goesOn, waiting) = monitor.withLock { () -> (Bool, Continuation?) in
            while true {
                let done = state.withLock { state -> (Bool, Continuation?)? in
                    guard !state.isAbandoned else { return (false, nil) }
                    if let waiting = state.waiting {
                        state.waiting = nil
                        return (true, waiting)
                    }
                    guard state.bytes < Core.byteLimit else { return nil }
                    state.pieces.append(piece)
                    state.bytes += piece.count
                    return (true, nil)
                }
                if let done { return done }
                monitor.wait()
            }
        }
        waiting?.resume(returning: piece)
        return goesOn
    }

    func next() async throws -> [UInt8]? {
        try await withCheckedThrowingContinuation { continuation in
            let ready = monitor.withLock { () -> Result<[UInt8]?, any Error>? in
                defer { monitor.signalAll() }
                return state.withLock { state in
                    guard state.pieces.isEmpty else {
                        let piece = state.pieces.removeFirst()
                        state.bytes -= piece.count
                        return .success(piece)
                    }
                    if let outcome = state.outcome { return outcome.map { nil } }
                    state.waiting = continuation
                    return nil
                }
            }
            if let ready { continuation.resume(with: ready) }
        }
    }

    func end(abandoning: Bool) {
        monitor.withLock {
            state.withLock { state in
                state.isStopping = true
                if abandoning { state.isAbandoned = true }
            }
            monitor.signalAll()
        }
    }
}
