internal import Ledger
internal import Synchronization

/// Threads that turn jobs into results, and the results in the order in which the jobs came.
///
/// One thread adds jobs and takes results. The workers hold this object until ``end()``.
final class OrderedPool<Job: Sendable, Output: Sendable>: Sendable {
    private struct State {
        var waiting: [(index: Int, job: Job)] = []
        var results: [Int: Output] = [:]
        var added = 0
        var taken = 0
        var isOver = false
    }

    private let monitor = Monitor()
    private let state = Mutex(State())
    private let workers: Int
    private let perform: @Sendable (Job) -> Output
    private let threads: Mutex<[WorkerThread]>

    /// Starts the threads; with none, or where the system gives none, the adding thread does the work itself.
    ///
    /// - Parameter isBackground: gives them a low priority beside a serving process.
    init(workers: Int, isBackground: Bool = false, _ perform: @escaping @Sendable (Job) -> Output) {
        self.workers = workers
        self.perform = perform
        threads = Mutex([])
        let started = (0..<max(0, workers)).map { _ in
            WorkerThread { [self] in
                if isBackground { Throttle.lowerPriority() }
                work()
            }
        }
        threads.withLock { $0 = started.filter(\.started) }
    }

    /// Whether as much waits as should.
    var isFull: Bool { state.withLock { $0.added - $0.taken >= 2 * workers + 2 } }

    func add(_ job: Job) {
        guard threads.withLock({ !$0.isEmpty }) else {
            let output = perform(job)
            state.withLock { state in
                state.results[state.added] = output
                state.added += 1
            }
            return
        }
        monitor.withLock {
            state.withLock { state in
                state.waiting.append((state.added, job))
                state.added += 1
            }
            monitor.signalAll()
        }
    }

    /// The next result; nil when there is none, or none yet and it was not worth `waiting`.
    func finished(waiting: Bool) -> Output? {
        monitor.withLock {
            while true {
                let (output, isEmpty) = state.withLock { state -> (Output?, Bool) in
                    guard let output = state.results.removeValue(forKey: state.taken) else {
                        return (nil, state.taken == state.added)
                    }
                    state.taken += 1
                    return (output, false)
                }
                if let output { return output }
                guard waiting, !isEmpty else { return nil }
                monitor.wait()
            }
        }
    }

    /// Ends the threads; what waits is not done any more. Blocks until they are gone.
    func end() {
        monitor.withLock {
            state.withLock { $0.isOver = true }
            monitor.signalAll()
        }
        for thread in threads.withLock({ $0 }) { thread.join() }
        // The threads hold this object, and it holds them.
        threads.withLock { $0 = [] }
    }

    private func work() {
        while let (index, job) = take() {
            let output = perform(job)
            monitor.withLock {
                state.withLock { $0.results[index] = output }
                monitor.signalAll()
            }
        }
    }

    private func take() -> (index: Int, job: Job)? {
        monitor.withLock {
            while true {
                let (job, isOver) = state.withLock { state in
                    (state.waiting.isEmpty || state.isOver ? nil : state.waiting.removeFirst(), state.isOver)
                }
                if let job { return job }
                if isOver { return nil }
                monitor.wait()
            }
        }
    }
}
