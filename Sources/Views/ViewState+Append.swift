import Accounting
import Events

/// The state of a fold over a stretch of records in the middle of a log, made without knowing what came before.
///
/// Only ends of requests can stand in such a stretch: what else an event does depends on the events before it.
package struct ViewPiece: Sendable {
    /// As if the log began with the stretch.
    var state: ViewState
    /// Requests that ended in it, whose start may stand before it. In order.
    var ended: [RequestID]
    /// The schema version of its first record.
    var epoch: UInt8
    /// The last sequence before it.
    var before: UInt64
}

extension ViewState {
    /// Takes over what a piece that begins right behind this state counted.
    ///
    /// The outcome has the bytes that folding the records of the piece one after another would have given: tables get
    /// their new entries in the order in which the piece first named them, and everything else adds up.
    ///
    /// - Parameter keepsHours: whether hours stay however old they are.
    /// - Returns: false, and nothing was changed, where the piece does not fit or a table has no room for all of it.
    package mutating func append(_ piece: ViewPiece, keepsHours: Bool) -> Bool {
        let other = piece.state
        guard piece.before == sequence, isRestated, other.isRestated, other.normaliser == normaliser,
            other.epoch == piece.epoch, epoch == 0 || epoch == piece.epoch,
            let names = labels.merged(with: other.labels)
        else { return false }
        let numbers = names.numbers
        func label(_ key: UInt64, _ shift: UInt64) -> UInt64 {
            let number = Int(SeriesKey.field(key, shift))
            return UInt64(number < numbers.count ? numbers[number] : 0) << shift
        }
        func renamed(_ table: SeriesTable, _ labelBits: [UInt64]) -> [UInt64] {
            table.keys.map { key in
                labelBits.reduce(key) { $0 & ~(0xffff << $1) | label(key, $1) }
            }
        }
        guard let requests = requests.merged(with: renamed(other.requests, [48, 32]), cap: other.requests.cap),
            let models = models.merged(with: renamed(other.models, [16, 0]), cap: other.models.cap),
            let attempts = attempts.merged(with: renamed(other.attempts, [32, 16]), cap: other.attempts.cap),
            let dimensions = dimensions.merged(with: renamed(other.dimensions, [32, 16, 0]), cap: other.dimensions.cap)
        else { return false }

        labels = names.table
        self.requests = requests.table
        Self.add(other.requestCounts, at: requests.slots, to: &requestCounts)
        self.attempts = attempts.table
        Self.add(other.attemptCounts, at: attempts.slots, to: &attemptCounts)
        self.models = models.table
        for (index, slot) in models.slots.enumerated() {
            if slot == totals.count {
                totals.append(ModelTotals())
                tokens.append(contentsOf: repeatElement(0, count: 32))
            }
            totals[slot] += other.totals[index]
            for unit in 0..<32 {
                tokens[slot * 32 + unit] = saturating(tokens[slot * 32 + unit], other.tokens[index * 32 + unit])
            }
        }
        self.dimensions = dimensions.table
        for day in other.recentDays.days { _ = recentDays.insert(day) }
        days.append(other.days, dimensions: dimensions.slots, from: .min)
        if !keepsHours { hours.prune(before: oldestHour) }
        hours.append(other.hours, dimensions: dimensions.slots, from: keepsHours ? .min : oldestHour)

        if !open.isEmpty { for id in piece.ended { open[id] = nil } }
        for (id, sequence) in other.open { open[id] = sequence }
        touch(other.created)
        reread &+= other.reread
        epoch = piece.epoch
        sequence = other.sequence
        restatedThrough = other.sequence
        return true
    }

    private static func add(_ counts: [UInt64], at slots: [Int], to sums: inout [UInt64]) {
        for (count, slot) in zip(counts, slots) {
            if slot == sums.count { sums.append(0) }
            sums[slot] &+= count
        }
    }
}

extension LabelTable {
    /// This table with the names of another behind its own, and the numbers that those have in it; nil when they are too
    /// many.
    func merged(with other: LabelTable) -> (table: LabelTable, numbers: [UInt16])? {
        var table = self
        var numbers: [UInt16] = []
        numbers.reserveCapacity(other.names.count)
        for name in other.names {
            guard let number = table.adopt(name) else { return nil }
            numbers.append(number)
        }
        return (table, numbers)
    }
}

extension SeriesTable {
    /// This table with further keys behind its own, and the slots that those have in it; nil when there may be no room for
    /// one of them, here or where they were counted.
    func merged(with keys: [UInt64], cap: Int) -> (table: SeriesTable, slots: [Int])? {
        guard keys.count < cap else { return nil }
        var table = self
        var slots: [Int] = []
        slots.reserveCapacity(keys.count)
        for key in keys {
            if let slot = table.find(key) {
                slots.append(slot)
            } else {
                guard table.count < table.cap else { return nil }
                slots.append(table.slot(key, overflow: key))
            }
        }
        return (table, slots)
    }
}

extension Cube {
    /// Adds the cells of another from a bucket on, whose dimensions have other slots here.
    mutating func append(_ other: Cube, dimensions: [Int], from oldest: Int64) {
        for (key, cell) in zip(other.keys, other.cells) {
            let bucket = Cube.bucket(key)
            let dimension = Cube.dimension(key)
            guard bucket >= oldest, dimension < dimensions.count else { continue }
            cells[slot(Cube.key(bucket: bucket, dimension: dimensions[dimension]))] += cell
        }
    }
}

extension ModelTotals {
    static func += (totals: inout ModelTotals, other: ModelTotals) {
        totals.requests &+= other.requests
        totals.unpriced &+= other.unpriced
        totals.restatedUnpriced &+= other.restatedUnpriced
        totals.charged += other.charged
        totals.restated += other.restated
        totals.successes &+= other.successes
        totals.successInput = saturating(totals.successInput, other.successInput)
        totals.successOutput = saturating(totals.successOutput, other.successOutput)
        totals.successCharged += other.successCharged
        totals.duration.add(other.duration)
        totals.firstByte.add(other.firstByte)
        totals.overhead.add(other.overhead)
    }
}

extension Histogram {
    mutating func add(_ other: Histogram) {
        for index in buckets.indices { buckets[index] &+= other.buckets[index] }
        let (total, overflow) = sum.addingReportingOverflow(other.sum)
        sum = overflow ? .max : total
    }
}
