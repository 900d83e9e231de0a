internal import Synchronization

/// What waits for the writer: one record with its way back, or a group that must stand together.
final class Entry: @unchecked Sendable {
    let record: [UInt8]
    let more: [[UInt8]]
    let token: UInt64
    let slot: InFlightSlot?
    let sink: (any CommitSink)?
    let waiter: Waiter?
    /// The entry pushed before this one. Written before it is published, then only by the thread that took it.
    fileprivate var next: Unmanaged<Entry>?

    init(record: [UInt8], token: UInt64, slot: InFlightSlot?, sink: (any CommitSink)?) {
        self.record = record
        self.more = []
        self.token = token
        self.slot = slot
        self.sink = sink
        self.waiter = nil
    }

    init(first: [UInt8], more: [[UInt8]], waiter: Waiter) {
        self.record = first
        self.more = more
        self.token = 0
        self.slot = nil
        self.sink = nil
        self.waiter = waiter
    }
}

/// A stack that any thread pushes to without a lock and one thread empties in one step.
///
/// With a single taker that always takes everything, no node is ever popped by one thread while another looks at it,
/// which is what makes such a stack safe without counters or hazard pointers.
struct Intake: ~Copyable, Sendable {
    private let top = Atomic<UInt>(0)
    private let load = Atomic<Int>(0)
    private let countLimit: Int
    private let byteLimit: Int

    /// No entry lives at this address.
    private static let shutMark: UInt = 1

    // Count and bytes share one word, so that one atomic addition accounts for both.
    private static let countShift = 36
    private static let byteMask = (1 << countShift) - 1

    init(countLimit: Int, byteLimit: Int) {
        self.countLimit = countLimit
        self.byteLimit = byteLimit
    }

    deinit {
        var entries: [Entry] = []
        takeAll(into: &entries)
    }

    /// Records that wait.
    var count: Int { load.load(ordering: .relaxed) >> Intake.countShift }

    /// Makes room for `count` records of `bytes` in all, or returns false when that would be too much.
    func reserve(count: Int, bytes: Int) -> Bool {
        let weight = count << Intake.countShift + bytes
        let (before, after) = load.add(weight, ordering: .relaxed)
        let isFull = after >> Intake.countShift > countLimit || after & Intake.byteMask > byteLimit
        // An empty queue takes anything, or a record longer than the limit could never pass.
        guard isFull, before != 0 else { return true }
        load.subtract(weight, ordering: .relaxed)
        return false
    }

    /// Gives back what `reserve` took.
    func release(count: Int, bytes: Int) {
        load.subtract(count << Intake.countShift + bytes, ordering: .relaxed)
    }

    /// Publishes an entry; false when the intake was shut.
    func push(_ entry: Entry) -> Bool {
        let node = Unmanaged.passRetained(entry)
        var seen = top.load(ordering: .relaxed)
        while true {
            guard seen != Intake.shutMark else {
                node.release()
                return false
            }
            entry.next = Intake.node(seen)
            // Sequentially consistent with the writer's announcement that it goes to sleep, see `Wakeup`.
            let (done, now) = top.weakCompareExchange(
                expected: seen,
                desired: UInt(bitPattern: node.toOpaque()),
                successOrdering: .sequentiallyConsistent,
                failureOrdering: .relaxed
            )
            if done { return true }
            seen = now
        }
    }

    var isEmpty: Bool { top.load(ordering: .sequentiallyConsistent) == 0 }

    /// Takes everything that waits, and nothing more from now on.
    func shut(into entries: inout [Entry]) {
        unfold(top.exchange(Intake.shutMark, ordering: .acquiring), into: &entries)
    }

    /// Appends everything that waits to `entries`, the oldest first. One thread only, and not after `shut`.
    func takeAll(into entries: inout [Entry]) {
        unfold(top.exchange(0, ordering: .acquiring), into: &entries)
    }

    private static func node(_ bits: UInt) -> Unmanaged<Entry>? {
        guard bits != shutMark else { return nil }
        return UnsafeRawPointer(bitPattern: bits).map { Unmanaged.fromOpaque($0) }
    }

    private func unfold(_ taken: UInt, into entries: inout [Entry]) {
        let start = entries.count
        var node = Intake.node(taken)
        while let current = node {
            let entry = current.takeRetainedValue()
            node = entry.next
            entry.next = nil
            entries.append(entry)
        }
        entries[start...].reverse()
    }
}
