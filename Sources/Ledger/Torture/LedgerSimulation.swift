internal import LevelDB

/// A ledger's lives under random faults, kills and power cuts, each checked against a model of what was acknowledged.
///
/// Everything that is chosen follows from the seed, one call after the other, so a seed that fails fails again. The
/// clock is one that leaps and goes back, the disk is the store's fault injection.
package struct LedgerSimulation {
    /// What happened, and the first thing that should not have.
    package struct Outcome: Equatable, Sendable {
        package var kills = 0
        package var powerCuts = 0
        package var faults = 0
        package var acknowledged = 0
        package var lost = 0
        package var duplicated = 0
        package var problem: String?

        /// Nothing happened yet.
        package init() {}
    }

    private let directory: String
    private let faults = FaultInjector()
    private var random: SeededGenerator
    private var outcome = Outcome()
    /// Acknowledged records, in order.
    private var model: [[UInt8]] = []
    /// What was handed over last and never acknowledged: all of it may be there, or nothing.
    private var unknown: [[UInt8]] = []
    /// Records of claimed slots whose requests have not ended.
    private var claimed: [(slot: InFlightSlot, record: [UInt8])] = []
    /// A slot whose request ended in `unknown`.
    private var ending: [UInt8]?
    private var clock: Int64 = 1_795_000_000_000_000
    private var serial = 0
    private var isPowerArmed = false

    private enum End {
        case closed
        case killed
        case powerless
    }

    /// Lives through some lives in `directory`, which is made and must not exist.
    package static func run(seed: UInt64, directory: String, lives: Int = 5) -> Outcome {
        var simulation = LedgerSimulation(seed: seed, directory: directory)
        do throws(Failure) {
            for _ in 0..<lives { try simulation.live() }
            simulation.faults.reset()
            let ledger = try simulation.opened()
            defer { ledger.close() }
            try simulation.check(ledger)
        } catch {
            simulation.outcome.problem = "seed \(seed): \(error.message)"
        }
        try? Files.removeTree(directory)
        return simulation.outcome
    }

    private struct Failure: Error {
        var message: String
    }

    private init(seed: UInt64, directory: String) {
        random = SeededGenerator(seed: seed)
        self.directory = directory
    }

    private var options: LedgerOptions {
        var options = LedgerOptions(directory: directory, slotsPerLane: 16, slotBytes: 128)
        options.startedDelayMilliseconds = 1_000_000_000
        // One checkpoint a life: what a dead process writes beside the store is not held back by the fault injection.
        options.checkpointIntervalMilliseconds = 1_000_000_000
        options.databaseOptions.faults = faults
        options.databaseOptions.writeBufferSize = 64 << 10
        return options
    }

    // MARK: - A life

    private mutating func live() throws(Failure) {
        let ledger = try opened()
        try check(ledger)
        // The signer's one checkpoint of this life, before anything goes wrong.
        _ = try append(ledger, [record()])
        while ledger.statistics().checkpointSize < ledger.head { yieldThread() }
        var end = random.below(2) == 0 ? End.closed : .killed
        for _ in 0..<random.below(40) + 3 {
            try step(ledger)
            if faults.isPowerless {
                end = .powerless
                break
            }
        }
        outcome.faults += max(0, Int(clamping: faults.fired) - (end == .powerless ? 1 : 0))
        try finish(ledger, end)
        isPowerArmed = false
    }

    private mutating func step(_ ledger: Ledger) throws(Failure) {
        clock += [1_000, 1_000, 1_000, -3_600_000_000, 315_576_000_000_000, -315_576_000_000_000][random.below(6)]
        switch random.below(10) {
        case 0..<5:
            var records: [[UInt8]] = []
            for _ in 0..<random.below(12) + 1 { records.append(record()) }
            try append(ledger, records)
        case 5: try claim(ledger)
        case 6: try end(ledger)
        case 7: try read(ledger)
        case 8: arm()
        default: if random.below(4) == 0 { armPowerCut() } else { arm() }
        }
    }

    private mutating func arm() {
        guard let call = FaultInjector.Call(rawValue: Int32(random.below(6))) else { return }
        // ENOSPC and EIO.
        let error: Int32 = random.below(2) == 0 ? 28 : 5
        let nth = faults.calls(call) + UInt64(random.below(6)) + 1
        faults.arm(call, nth: nth, count: UInt64(random.below(3)) + 1, errno: error, shortWrite: random.below(2) == 0)
    }

    private mutating func armPowerCut() {
        isPowerArmed = true
        let call: FaultInjector.Call = [.append, .sync, .open, .directory][random.below(4)]
        faults.arm(call, nth: faults.calls(call) + UInt64(random.below(6)) + 1, errno: FaultInjector.powerCut)
    }

    private mutating func finish(_ ledger: Ledger, _ end: End) throws(Failure) {
        switch end {
        case .closed:
            faults.reset()
            ledger.close()
        case .killed:
            outcome.kills += 1
            // A fault may still be armed for the start after the kill, but the power stays.
            if isPowerArmed { faults.reset() }
            ledger.abandon()
        case .powerless:
            outcome.powerCuts += 1
            faults.cutPower()
            ledger.abandon()
            faults.restorePower(seed: random.below(2) == 0 ? 0 : random.next() | 1)
            faults.reset()
        }
    }

    /// Starts the ledger; where a fault of the disk hinders that, the next try must do.
    private mutating func opened() throws(Failure) -> Ledger {
        defer { faults.reset() }
        for _ in 0..<20 {
            do throws(LedgerError) {
                return try Ledger.open(options)
            } catch {
                guard error.code == .ioError || error.code == .diskFull || faults.fired > 0 else {
                    throw Failure(message: "refused to start: \(error.message)")
                }
                outcome.faults += Int(clamping: faults.fired)
                faults.reset()
            }
        }
        throw Failure(message: "did not start in 20 tries")
    }

    // MARK: - Requests

    private mutating func record() -> [UInt8] {
        serial += 1
        let size = random.below(20) == 0 ? random.below(40_000) : random.below(900)
        let byte = UInt8(truncatingIfNeeded: random.next())
        return Array("\(serial) \(clock) ".utf8) + [UInt8](repeating: byte, count: size)
    }

    private mutating func append(_ ledger: Ledger, _ records: [[UInt8]]) throws(Failure) {
        unknown = records
        var told: UInt64?
        do throws(LedgerError) {
            let waiter = try ledger.enqueue(records)
            // What is appended without power may never be answered, and an answer counts for nothing.
            while told == nil, !faults.isPowerless {
                told = try waiter.wait(until: monotonicNanoseconds() + 2_000_000)
            }
        } catch {
            guard !faults.isPowerless else { return }
            throw Failure(message: "a passing fault was not recovered from: \(error.message)")
        }
        guard let first = told, !faults.isPowerless else { return }
        guard first == UInt64(model.count) + 1 else {
            throw Failure(message: "told sequence \(first) after \(model.count)")
        }
        model += records
        outcome.acknowledged += records.count
        unknown = []
    }

    private mutating func claim(_ ledger: Ledger) throws(Failure) {
        let record = Array("started \(serial) \(clock)".utf8)
        serial += 1
        if let slot = ledger.inFlight.claim(lane: 0, record: record) { claimed.append((slot, record)) }
    }

    /// Ends a request: its record frees its slot.
    private mutating func end(_ ledger: Ledger) throws(Failure) {
        guard !claimed.isEmpty else { return }
        let (slot, started) = claimed.remove(at: random.below(claimed.count))
        let record = record()
        unknown = [record]
        ending = started
        let sink = SimulationSink()
        guard ledger.append(record, token: 1, slot: slot, sink: sink) else {
            guard !faults.isPowerless else { return }
            throw Failure(message: "an idle ledger refused a record")
        }
        var told: UInt64?
        while told == nil, !faults.isPowerless { told = sink.wait(until: monotonicNanoseconds() + 2_000_000) }
        guard let sequence = told, !faults.isPowerless else { return }
        guard sequence == UInt64(model.count) + 1 else {
            throw Failure(message: "told sequence \(sequence) after \(model.count)")
        }
        model.append(record)
        outcome.acknowledged += 1
        unknown = []
        ending = nil
    }

    private mutating func read(_ ledger: Ledger) throws(Failure) {
        guard !model.isEmpty else { return }
        let index = random.below(model.count)
        let found = try? ledger.record(at: UInt64(index) + 1)
        guard found == model[index] || faults.isPowerless else {
            throw Failure(message: "record \(index + 1) reads otherwise than it was written")
        }
    }

    // MARK: - The model

    /// Compares a ledger that was just opened with the model, and goes on from what is there.
    private mutating func check(_ ledger: Ledger) throws(Failure) {
        var found: [[UInt8]] = []
        do {
            try ledger.scan(from: 1, through: .max) { _, record in
                found.append([UInt8](record))
                return true
            }
        } catch {
            throw Failure(message: "cannot be read: \(error)")
        }
        outcome.lost += max(0, model.count - found.count)
        outcome.duplicated += found.count - Set(found).count
        guard found.count == ledger.head, found.starts(with: model) else {
            throw Failure(message: "\(found.count) records of \(model.count), or others than were acknowledged")
        }
        guard found.count == model.count || Array(found[model.count...]) == unknown else {
            throw Failure(message: "\(found.count - model.count) records that nobody appended as they are")
        }
        var tree = MerkleTree()
        for record in found { record.withUnsafeBytes { _ = tree.append(Digest.leaf($0)) } }
        guard tree.head == ledger.treeHead() else { throw Failure(message: "another root than from scratch") }
        try checkLeftovers(ledger, hasUnknown: found.count > model.count)
        model = found
        unknown = []
    }

    private mutating func checkLeftovers(_ ledger: Ledger, hasUnknown: Bool) throws(Failure) {
        let expected = Set(claimed.map(\.record))
        var found = Set(ledger.leftovers)
        // The table is memory: where the power went after the slot was freed, a real one might not have been written.
        if let ending, !hasUnknown { found.remove(ending) }
        guard found == expected, ledger.leftovers.count <= expected.count + 1 else {
            throw Failure(message: "\(ledger.leftovers.count) requests left under way instead of \(expected.count)")
        }
        ledger.clearLeftovers()
        claimed = []
        ending = nil
    }
}
