package import Accounting
import Events
import Glibc
public import Ledger

/// Keeps a ``ViewState`` level with a ledger, on a thread of its own.
///
/// Every read first folds up to the ledger's head at the time of the call, so what a client saw finished is in what is
/// read next. Snapshots make the next start short; without one, or with one that does not fit, the view is rebuilt.
public final class ViewService: Sendable {
    /// How a service runs.
    public struct Options: Sendable {
        /// The folder for snapshots, `<data>/views`; nil for none.
        public var directory: String?
        /// How often the ledger's head is looked at when nobody asks, in milliseconds.
        public var intervalMilliseconds = 250
        /// A snapshot is written when so many events were folded since the last, and at the end.
        public var snapshotEvery: UInt64 = 500_000
        /// A rebuild puts down how far it has come whenever so many events were folded, for the next to go on from.
        public var rebuildSnapshotEvery: UInt64 = 1_000_000
        /// Events that a rebuild folds from one call of its progress to the next.
        public var rebuildTurn: UInt64 = 100_000
        /// What long folds give way to, beside a serving process.
        public var throttle: Throttle?

        /// Options with the usual values.
        public init(directory: String? = nil) { self.directory = directory }
    }

    /// How far a fold over a long range has come.
    public struct Progress: Equatable, Sendable {
        /// Events that are folded.
        public var done: UInt64
        /// Events there are to fold.
        public var total: UInt64
        /// Events that an earlier rebuild, which did not come to its end, had folded already.
        public var start: UInt64

        /// How far a fold has come.
        public init(done: UInt64, total: UInt64, start: UInt64 = 0) {
            self.done = done
            self.total = total
            self.start = start
        }
    }

    private let source: any RecordSource
    private let engine: ViewEngine
    private let monitor = Monitor()
    // Guarded by `monitor`.
    private let shared: Shared
    private let thread: WorkerThread

    private final class Shared: @unchecked Sendable {
        var jobs: [@Sendable (ViewEngine) -> Void] = []
        var isClosing = false
        var isClosed = false
    }

    /// Starts a service; the first fold runs on its thread.
    public init(source: any RecordSource, options: Options = Options()) throws(ViewError) {
        self.source = source
        let engine = ViewEngine(source: source, options: options)
        let shared = Shared()
        let monitor = monitor
        self.engine = engine
        self.shared = shared
        thread = WorkerThread { ViewService.run(engine, shared, monitor, options.intervalMilliseconds) }
        guard thread.started else { throw ViewError(.io, "the system gave no thread for the views") }
    }

    private static func run(_ engine: ViewEngine, _ shared: Shared, _ monitor: Monitor, _ interval: Int) {
        engine.start()
        while true {
            engine.catchUp()
            let (jobs, isClosing) = monitor.withLock {
                if shared.jobs.isEmpty, !shared.isClosing, !engine.isBehind { monitor.wait(milliseconds: interval) }
                let jobs = shared.jobs
                shared.jobs = []
                return (jobs, shared.isClosing)
            }
            if !jobs.isEmpty { engine.catchUp() }
            for job in jobs { job(engine) }
            if isClosing, jobs.isEmpty { break }
        }
        engine.finish()
        let late = monitor.withLock {
            shared.isClosed = true
            let jobs = shared.jobs
            shared.jobs = []
            return jobs
        }
        for job in late { job(engine) }
    }

    private func submit(_ job: @escaping @Sendable (ViewEngine) -> Void) {
        let runsHere = monitor.withLock {
            if shared.isClosed { return true }
            shared.jobs.append(job)
            monitor.signalAll()
            return false
        }
        // The thread is gone and nobody else touches the engine's last state any more.
        if runsHere { job(engine) }
    }

    /// Gives the state, folded up to the ledger's head at the time of the call, to `body` on the service's thread.
    public func read<R: Sendable>(_ body: @escaping @Sendable (ViewState) -> R) async -> R {
        await withCheckedContinuation { continuation in
            submit { continuation.resume(returning: body($0.state)) }
        }
    }

    /// The same as ``read(_:)``, blocking the calling thread; never call it on an event loop or in a task.
    public func readBlocking<R: Sendable>(_ body: @escaping @Sendable (ViewState) -> R) -> R {
        let slot = Slot<R>()
        let done = Monitor()
        submit { engine in
            let result = body(engine.state)
            done.withLock {
                slot.value = result
                done.signalAll()
            }
        }
        return done.withLock {
            while true {
                if let value = slot.value { return value }
                done.wait()
            }
        }
    }

    private final class Slot<R>: @unchecked Sendable {
        // Guarded by the monitor of the call.
        var value: R?
    }

    /// Why the view stands still, in words for an operator; nil when it does not.
    public var failure: String? { engine.published.withLock { engine.publishedFailure } }

    /// Why the snapshot at the start was not used; nil when it was, or there was none.
    public var snapshotRefusal: String? { engine.published.withLock { engine.publishedRefusal } }

    /// Events of the ledger that the view does not hold yet.
    public var lag: UInt64 {
        let sequence = engine.published.withLock { engine.publishedSequence }
        let head = source.head
        return head > sequence ? head - sequence : 0
    }

    /// Folds the whole ledger again, on the calling thread beside the serving view, and puts the result in its place.
    ///
    /// `progress` is called now and then; when it returns false the rebuild ends without effect. Blocking. One that was
    /// stopped or killed is taken up where it last put down how far it had come, unless it is to begin anew.
    ///
    /// - Parameter normalises: reads the usage of older events again from what providers said. Tokens and restated
    ///   money by time follow the new reading from then on; money as charged and the counters of `/metrics` do not.
    /// - Returns: whether it was done. The rebuilt state's bytes equal those of the old view at the same sequence, if
    ///   both were made with the same reader or both with none.
    @discardableResult
    public func rebuild(
        normalises: Bool = false,
        isAnew: Bool = false,
        progress: (Progress) -> Bool = { _ in true }
    ) throws(ViewError) -> Bool {
        let newest = readBlocking { $0.books.last?.sequence }
        var scope = ViewFold.Scope()
        scope.normalises = normalises
        var resumption = engine.resumption
        resumption?.ignoresFormer = isAnew
        let rebuilt = try ViewEngine.rebuilt(
            source.throttled(by: engine.options.throttle),
            newestBook: newest,
            scope: scope,
            resumption: resumption,
            isBackground: engine.options.throttle != nil,
            progress
        )
        guard let fold = rebuilt else { return false }
        let box = FoldBox(fold)
        KillPoint.beforeSwap.pass()
        runBlocking { $0.replace(box) }
        KillPoint.afterSwap.pass()
        return true
    }

    /// The prices of the newest book that is folded in; nil when none was adopted. Blocks like ``readBlocking(_:)``.
    package var pricer: Pricer? { runBlocking { $0.pricer } }

    private func runBlocking<R: Sendable>(_ body: @escaping @Sendable (ViewEngine) -> R) -> R {
        let slot = Slot<R>()
        let done = Monitor()
        submit { engine in
            let result = body(engine)
            done.withLock {
                slot.value = result
                done.signalAll()
            }
        }
        return done.withLock {
            while true {
                if let value = slot.value { return value }
                done.wait()
            }
        }
    }

    /// Folds up to the head, writes a snapshot and ends the thread. Blocking; may be called again.
    public func close() {
        let isFirst = monitor.withLock {
            let isFirst = !shared.isClosing
            shared.isClosing = true
            monitor.signalAll()
            return isFirst
        }
        if isFirst {
            thread.join()
        } else {
            monitor.withLock { while !shared.isClosed { monitor.wait(milliseconds: 50) } }
        }
    }
}

/// Carries a fold from the thread that made it to the one that will own it.
final class FoldBox: @unchecked Sendable {
    let fold: ViewFold
    init(_ fold: ViewFold) { self.fold = fold }
}
