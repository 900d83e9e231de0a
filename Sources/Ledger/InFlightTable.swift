internal import Glibc
internal import Synchronization

/// A claimed place in the in-flight table.
public struct InFlightSlot: Equatable, Sendable {
    /// The place.
    public let index: Int32
    /// Tells this claim from earlier and later ones of the same place.
    let generation: UInt32
}

/// What has gone upstream and is not yet committed, in a file mapped into memory.
///
/// The pages belong to the kernel, so they survive `kill -9` without a system call per request. A claim copies a
/// record into a free slot and publishes it with one atomic store. Claims of one lane come from one thread; releases
/// may come from any.
public final class InFlightTable: @unchecked Sendable {
    /// Bytes of a slot that are not available for the record.
    public static let headerBytes = 24

    private let file: InFlightFile
    private let lanes: [Lane]
    private let slotsPerLane: Int
    let wakeup: (@Sendable () -> Void)?

    /// Free places of one lane: a list of its own thread, and a stack where others put what they release.
    private final class Lane: @unchecked Sendable {
        let following: UnsafeMutablePointer<Int32>
        var free: Int32
        let returned = Atomic<Int32>(-1)
        /// Places that were ever used: all others need not be looked at. Written by the lane's thread.
        let used = Atomic<Int>(0)
        let claims = Atomic<Int>(0)
        let releases = Atomic<Int>(0)

        init(count: Int) {
            following = .allocate(capacity: max(count, 1))
            for index in 0..<count { following[index] = index + 1 < count ? Int32(index + 1) : -1 }
            free = count > 0 ? 0 : -1
        }

        deinit { following.deallocate() }

        func take() -> Int32 {
            if free < 0 { free = returned.exchange(-1, ordering: .acquiring) }
            let place = free
            if place >= 0 { free = following[Int(place)] }
            return place
        }

        func give(_ place: Int32) {
            var seen = returned.load(ordering: .relaxed)
            while true {
                following[Int(place)] = seen
                let (done, now) = returned.weakCompareExchange(
                    expected: seen,
                    desired: place,
                    successOrdering: .releasing,
                    failureOrdering: .relaxed
                )
                if done { return }
                seen = now
            }
        }
    }

    init(file: InFlightFile, wakeup: (@Sendable () -> Void)?) {
        self.file = file
        self.slotsPerLane = file.geometry.slotsPerLane
        self.lanes = (0..<file.geometry.lanes).map { _ in Lane(count: file.geometry.slotsPerLane) }
        self.wakeup = wakeup
    }

    /// Slots that are claimed now.
    public var openCount: Int {
        lanes.reduce(0) { sum, lane in
            let releases = lane.releases.load(ordering: .acquiring)
            return sum + max(0, lane.claims.load(ordering: .sequentiallyConsistent) - releases)
        }
    }

    /// Copies `record` into a free slot of `lane`; nil when the lane is full or unknown, or the record does not fit.
    public func claim(lane number: Int, record: UnsafeRawBufferPointer) -> InFlightSlot? {
        guard lanes.indices.contains(number), record.count <= file.geometry.slotBytes - InFlightTable.headerBytes
        else { return nil }
        let lane = lanes[number]
        let place = lane.take()
        guard place >= 0 else { return nil }
        if Int(place) >= lane.used.load(ordering: .relaxed) { lane.used.store(Int(place) + 1, ordering: .releasing) }
        let index = number * slotsPerLane + Int(place)
        file.write(record, at: index)
        let word = file.word(index)
        let generation = SlotWord(word.pointee.load(ordering: .relaxed)).nextGeneration
        let claimed = SlotWord(state: .open, generation: generation, milliseconds: coarseMilliseconds())
        word.pointee.store(claimed.bits, ordering: .releasing)
        lane.claims.add(1, ordering: .sequentiallyConsistent)
        wakeup?()
        return InFlightSlot(index: Int32(index), generation: generation)
    }

    /// Copies `record` into a free slot of `lane`; nil when the lane is full or unknown, or the record does not fit.
    public func claim(lane: Int, record: [UInt8]) -> InFlightSlot? {
        record.withUnsafeBytes { claim(lane: lane, record: $0) }
    }

    /// Frees the slot without a commit, for a request that never went upstream. Any thread; a second time does nothing.
    public func release(_ slot: InFlightSlot) {
        guard let index = checked(slot) else { return }
        let word = file.word(index)
        var seen = word.pointee.load(ordering: .acquiring)
        while true {
            let current = SlotWord(seen)
            guard current.state != .free, current.generation == slot.generation else { return }
            let free = SlotWord(state: .free, generation: slot.generation, milliseconds: 0)
            let (done, now) = word.pointee.compareExchange(
                expected: seen,
                desired: free.bits,
                successOrdering: .releasing,
                failureOrdering: .acquiring
            )
            if done { break }
            seen = now
        }
        let lane = lanes[index / slotsPerLane]
        lane.releases.add(1, ordering: .releasing)
        lane.give(Int32(index % slotsPerLane))
    }

    /// Notes under which sequence the record that ends this slot is about to be committed.
    ///
    /// A crash between the commit and the release then leaves a slot that says itself that it is settled.
    package func settle(_ slot: InFlightSlot, sequence: UInt64) {
        guard let index = checked(slot) else { return }
        file.setSequence(sequence, at: index)
    }

    /// The records of slots that were claimed at or before `limit` and not yet recorded; marks them as recorded.
    func overdue(claimedUpTo limit: UInt64, into records: inout [[UInt8]]) {
        for (number, lane) in lanes.enumerated() {
            for place in 0..<lane.used.load(ordering: .acquiring) {
                let index = number * slotsPerLane + place
                let word = file.word(index)
                let seen = word.pointee.load(ordering: .acquiring)
                let current = SlotWord(seen)
                guard current.state == .open, current.milliseconds <= limit & SlotWord.timeMask,
                    let record = file.record(at: index)
                else { continue }
                // The slot may have been freed and claimed again while it was copied: then the generation differs.
                let recorded = SlotWord(
                    state: .recorded,
                    generation: current.generation,
                    milliseconds: current.milliseconds
                )
                let (done, _) = word.pointee.compareExchange(
                    expected: seen,
                    desired: recorded.bits,
                    ordering: .acquiringAndReleasing
                )
                if done { records.append(record) }
            }
        }
    }

    private func checked(_ slot: InFlightSlot) -> Int? {
        let index = Int(slot.index)
        return index >= 0 && index < lanes.count * slotsPerLane ? index : nil
    }
}

/// The state of a slot in one word: 2 bits of state, 22 of generation, 40 of claim time in milliseconds.
struct SlotWord {
    enum State: UInt64 {
        case free = 0
        case open = 1
        case recorded = 2
    }

    static let generationMask: UInt64 = (1 << 22) - 1
    static let timeMask: UInt64 = (1 << 40) - 1

    let bits: UInt64

    init(_ bits: UInt64) { self.bits = bits }

    init(state: State, generation: UInt32, milliseconds: UInt64) {
        bits =
            state.rawValue | (UInt64(generation) & SlotWord.generationMask) << 2
            | (milliseconds & SlotWord.timeMask) << 24
    }

    var state: State { State(rawValue: bits & 3) ?? .free }
    var generation: UInt32 { UInt32(truncatingIfNeeded: bits >> 2 & SlotWord.generationMask) }
    var milliseconds: UInt64 { bits >> 24 }
    var nextGeneration: UInt32 { UInt32(truncatingIfNeeded: (UInt64(generation) + 1) & SlotWord.generationMask) }
}
