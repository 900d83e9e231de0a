package import Accounting
import Events

/// Folds records into a ``ViewState``, with what it remembers to do so quickly.
///
/// The labels of a request stand in one piece of its record; the slots they lead to are remembered by those bytes, so
/// that most records are folded without making a string. Nothing remembered changes the result.
package struct ViewFold {
    /// Which requests are folded, and by which book they are priced anew.
    package struct Scope: Sendable {
        /// Requests that started before this are left out.
        package var since = Int64.min
        /// Requests that started at this or later are left out.
        package var until = Int64.max
        /// The book for restated figures; nil for the newest adopted.
        package var pinned: Pricer?
        /// The newest book, where it is known before the events are read, and the sequence that adopted it: spares
        /// pricing history again at its end.
        package var foretold: (pricer: Pricer, sequence: UInt64)?
        /// Whether usage is read again from what providers said, where another version of the reader read it.
        package var normalises = false
        /// Columns of a report that views do not keep and this pass is to tell apart.
        var marks: [ReportQuery.Column] = []
        /// Whether hours older than ``ViewState/daysOfHours`` are dropped.
        package var prunesHours = true
        /// Whether requests are priced anew; without, restated figures are empty, as a bench wants them.
        package var prices = true

        package init() {}
    }

    package var state: ViewState
    package var pricer: Pricer?
    let scope: Scope
    var seen = ByteMap(bits: 16)
    var profiles: [Profile] = []
    private var upstreams = ByteMap(bits: 12)
    var units = Scratch()
    var markSets: MarkSets
    /// The requests that ended, where this folds a piece of a log; nil elsewhere.
    var ended: [RequestID]?

    /// Slots of the labels that a request's profile leads to.
    struct Profile {
        var request: Int
        var model: Int
        var group: UInt16
        var isError: Bool
        var isSuccess: Bool
        var query: PriceQuery
        var resolved: ResolvedPrices?
        var multipliers: [Multiplier] = []
        var isResolved = false
        var slots: Slots
    }

    /// Where the sums of one dimension stand for the day and the hour that were last asked for.
    struct Slots {
        let dimension: Int
        var day: Int64 = .min
        var daySlot = 0
        var hour: Int64 = .min
        var hourSlot = 0
    }

    package init(state: ViewState = ViewState(), pricer: Pricer? = nil, scope: Scope = Scope()) {
        self.state = state
        self.scope = scope
        markSets = MarkSets(scope.marks)
        if scope.normalises { self.state.normaliser = UsageReading.version }
        self.pricer = scope.pinned ?? scope.foretold?.pricer ?? pricer
    }

    /// Folds the next record; it must be the one after ``ViewState/sequence``.
    package mutating func fold(_ sequence: UInt64, _ record: UnsafeRawBufferPointer) throws(ViewError) {
        guard sequence == state.sequence &+ 1 else {
            throw ViewError(
                .gap,
                "the ledger gave event \(sequence) after \(state.sequence): events are missing; run `tollgate verify`"
            )
        }
        do throws(EventError) {
            if record.count >= 2, record[1] == EventKind.requestCompleted.rawValue,
                record[0] == state.epoch || state.epoch == 0, CompletedReader.reads(record[0])
            {
                state.epoch = record[0]
                try foldCompleted(record)
            } else {
                let event = try EventCodec.decode(record)
                try enter(record[0], event)
                try foldOther(event, sequence)
            }
        } catch {
            throw ViewError(.unreadableRecord, "event \(sequence): \(error)")
        }
        let isLevel = state.restatedThrough == state.sequence
        state.sequence = sequence
        if isLevel { state.restatedThrough = sequence }
    }

    /// Holds a record's version byte against the last `schema.adopted`; the two must agree.
    private mutating func enter(_ version: UInt8, _ event: Event) throws(EventError) {
        switch event {
        case .schemaAdopted(let adopted):
            try Schema.check(adopted)
            state.epoch = try Schema.epoch(record: version, marker: adopted.version, after: state.epoch)
        case .historyTruncated:
            // Stands for what is lost, a `schema.adopted` perhaps, and may be younger than its neighbours.
            state.epoch = 0
        default: state.epoch = try Schema.epoch(record: version, after: state.epoch)
        }
    }

    private mutating func foldOther(_ event: Event, _ sequence: UInt64) throws(EventError) {
        switch event {
        case .requestCompleted(let event):
            // Comes here from an upcaster.
            let record = EventCodec.encode(event)
            try Self.withBytes(record) { (bytes) throws(EventError) in try foldCompleted(bytes) }
        case .requestStarted(let event):
            state.open[event.id] = sequence
        case .requestInterrupted(let event):
            foldInterrupted(event)
        case .schemaAdopted(let event):
            state.schemas.append(
                ViewState.AdoptedSchema(sequence: sequence, version: event.version, hash: event.hash)
            )
        case .priceBookAdopted(let event):
            adopt(event, sequence)
        case .nodeStarted(let event):
            state.nodeStarts &+= 1
            state.lastStart = event.time
        case .historyTruncated:
            state.truncations &+= 1
        case .nodeStopped, .configurationChanged, .ledgerGap:
            break
        }
    }

    static func withBytes(
        _ record: [UInt8],
        _ body: (UnsafeRawBufferPointer) throws(EventError) -> Void
    ) throws(EventError) {
        var failure: EventError?
        record.withUnsafeBytes { bytes in
            do throws(EventError) { try body(bytes) } catch { failure = error }
        }
        if let failure { throw failure }
    }

    private mutating func adopt(_ event: PriceBookAdopted, _ sequence: UInt64) {
        state.books.append(
            ViewState.AdoptedBook(
                sequence: sequence,
                time: event.time,
                revision: event.revision,
                hash: event.hash,
                origin: event.origin
            )
        )
        guard scope.pinned == nil, sequence > scope.foretold?.sequence ?? 0 else { return }
        usePricer(Pricer(book: event.book, revision: event.revision))
        state.forgetRestated()
    }

    /// Takes a book for the restated figures without adopting it: after a snapshot was read, or in a rebuild that knows
    /// the newest book beforehand.
    package mutating func usePricer(_ pricer: Pricer) {
        self.pricer = pricer
        for index in profiles.indices {
            profiles[index].resolved = nil
            profiles[index].isResolved = false
        }
    }

    private mutating func foldInterrupted(_ event: RequestInterrupted) {
        let started = event.started
        state.open[started.id] = nil
        ended?.append(started.id)
        guard started.time >= scope.since, started.time < scope.until else { return }
        let labels = CompletedProfile.interrupted(started)
        var profile = makeProfile(labels)
        state.touch(started.time)
        advanceDay(started.time)
        state.requestCounts[profile.request] &+= 1
        state.totals[profile.model].requests &+= 1
        var sums = Sums()
        sums.requests = 1
        sums.errors = 1
        Self.add(sums, at: started.time, &profile.slots, &state, scope)
    }

    private mutating func foldCompleted(_ record: UnsafeRawBufferPointer) throws(EventError) {
        var reader = CompletedReader(record, units: units.buffer)
        guard !reader.rest.failed, reader.costState <= 3 else { throw .malformed("request.completed") }
        if !state.open.isEmpty { state.open[reader.id] = nil }
        ended?.append(reader.id)
        guard reader.time >= scope.since, reader.time < scope.until else { return }
        let number = try markSets.isEmpty ? profile(reader.profile) : markedProfile(reader.profile, record)
        state.touch(reader.time)
        advanceDay(reader.time)
        try foldAttempts(&reader, group: profiles[number].group)
        count(reader, number)
        var sums = sums(reader, number)
        // What usage is read again is told apart here, so that the many who do not ask for it pay nothing.
        if state.normaliser != 0, let reading = try again(record, reader) {
            state.reread &+= 1
            sums.count(units, units.fill(reading.counts))
            if isLevel { price(reading, reader, number, &sums) }
        } else if isLevel {
            try price(&reader, number, &sums)
        }
        if isLevel {
            state.totals[profiles[number].model].restated += sums.restated
            state.totals[profiles[number].model].restatedUnpriced &+= sums.restatedUnpriced
        }
        var slots = profiles[number].slots
        Self.add(sums, at: reader.time, &slots, &state, scope)
        profiles[number].slots = slots
    }

    /// Whether what is folded is in the restated figures too.
    private var isLevel: Bool { state.restatedThrough == state.sequence }

    /// The usage by the present reader, where it reads the record differently.
    ///
    /// What the present reader itself made is not read again.
    func again(_ record: UnsafeRawBufferPointer, _ reader: CompletedReader) throws(EventError) -> Usage? {
        guard reader.hasRaw, reader.normaliser != UsageReading.version else { return nil }
        return try UsageReading.again(record)
    }

    private mutating func foldAttempts(_ reader: inout CompletedReader, group: UInt16) throws(EventError) {
        for _ in 0..<reader.attemptCount {
            let attempt = reader.nextAttempt()
            guard !reader.rest.failed else { throw .malformed("request.completed") }
            let upstream: UInt16
            if let known = upstreams.find(attempt.upstream) {
                upstream = UInt16(truncatingIfNeeded: known)
            } else {
                upstream = state.labels.intern(String(decoding: attempt.upstream, as: UTF8.self))
                if upstreams.isFull { upstreams.removeAll() }
                upstreams.insert(attempt.upstream, Int(upstream))
            }
            let slot = state.attempts.slot(
                SeriesKey.attempt(group: group, upstream: upstream, failure: attempt.failure),
                overflow: SeriesKey.attempt(group: 0, upstream: 0, failure: attempt.failure)
            )
            if slot == state.attemptCounts.count { state.attemptCounts.append(0) }
            state.attemptCounts[slot] &+= 1
        }
    }

    private mutating func count(_ reader: CompletedReader, _ number: Int) {
        let model = profiles[number].model
        state.requestCounts[profiles[number].request] &+= 1
        var bits = reader.unitMask
        while bits != 0 {
            let unit = bits.trailingZeroBitCount
            bits &= bits &- 1
            state.tokens[model &* 32 &+ unit] = saturating(state.tokens[model &* 32 &+ unit], units.buffer[unit])
        }
        state.totals[model].requests &+= 1
        state.totals[model].duration.add(reader.totalDuration, Histogram.slow)
        if let firstByte = reader.firstByteDuration { state.totals[model].firstByte.add(firstByte, Histogram.slow) }
        let (overhead, overflow) = reader.totalDuration.subtractingReportingOverflow(reader.upstreamDuration)
        state.totals[model].overhead.add(overflow ? 0 : overhead, Histogram.fast)
    }
}
