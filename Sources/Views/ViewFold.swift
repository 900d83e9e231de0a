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
    private let scope: Scope
    private var seen = ByteMap(bits: 16)
    private var profiles: [Profile] = []
    private var upstreams = ByteMap(bits: 12)
    private var units = Scratch()
    private(set) var markSets: MarkSets

    /// Slots of the labels that a request's profile leads to.
    private struct Profile {
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
    private struct Slots {
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

    private static func withBytes(
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
        guard reader.time >= scope.since, reader.time < scope.until else { return }
        let number = try markSets.isEmpty ? profile(reader.profile) : markedProfile(reader.profile, record)
        state.touch(reader.time)
        advanceDay(reader.time)
        try foldAttempts(&reader, group: profiles[number].group)
        count(reader, number)
        let reading = try again(record, reader)
        if reading != nil { state.reread &+= 1 }
        let sums = try sums(&reader, number, reading)
        var slots = profiles[number].slots
        Self.add(sums, at: reader.time, &slots, &state, scope)
        profiles[number].slots = slots
    }

    /// The usage by the present reader, where the view is made with it and it reads the record differently.
    ///
    /// What the present reader itself made is not read again.
    private func again(_ record: UnsafeRawBufferPointer, _ reader: CompletedReader) throws(EventError) -> Usage? {
        guard state.normaliser != 0, reader.hasRaw, reader.normaliser != UsageReading.version else { return nil }
        return try UsageReading.again(record)
    }

    private mutating func foldAttempts(_ reader: inout CompletedReader, group: UInt16) throws(EventError) {
        for _ in 0..<reader.attemptCount {
            let attempt = reader.nextAttempt(withKey: false)
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

    /// The sums of one request, restated where history is level.
    ///
    /// Counters that must never fall are of the stored counts, whatever a later reader makes of them.
    private mutating func sums(
        _ reader: inout CompletedReader,
        _ number: Int,
        _ again: Usage?
    ) throws(EventError) -> Sums {
        var sums = Sums()
        sums.requests = 1
        sums.errors = profiles[number].isError ? 1 : 0
        sums.count(units, reader.unitMask)
        let stored = (input: sums.input, output: sums.output)
        if let again { sums.count(units, units.fill(again.counts)) }
        if reader.costState == Cost.State.unpriced.rawValue { sums.unpriced = 1 }
        if reader.costState == Cost.State.priced.rawValue {
            // A counter must never fall, whatever a record says.
            sums.charged = MoneyTotal(picodollars: Int128(max(0, reader.amount)))
        }
        let model = profiles[number].model
        if state.restatedThrough == state.sequence {
            try restate(&reader, number, &sums, again)
            state.totals[model].restated += sums.restated
            state.totals[model].restatedUnpriced &+= sums.restatedUnpriced
        }
        state.totals[model].charged += sums.charged
        state.totals[model].unpriced &+= sums.unpriced
        if profiles[number].isSuccess {
            state.totals[model].successes &+= 1
            state.totals[model].successInput = saturating(state.totals[model].successInput, stored.input)
            state.totals[model].successOutput = saturating(state.totals[model].successOutput, stored.output)
            state.totals[model].successCharged += sums.charged
        }
        return sums
    }

    /// Prices the request by the newest book; the reader stands behind the attempts.
    private mutating func restate(
        _ reader: inout CompletedReader,
        _ number: Int,
        _ sums: inout Sums,
        _ again: Usage?
    ) throws(EventError) {
        guard scope.prices, let pricer, again != nil || reader.costState != Cost.State.none.rawValue else { return }
        if !profiles[number].isResolved { resolve(number, pricer) }
        let resolved = profiles[number].resolved
        let cost: Cost
        if let again {
            profiles[number].query.time = reader.time
            cost = pricer.cost(of: again, resolved: resolved, query: profiles[number].query)
        } else {
            cost = try stored(&reader, number, pricer, resolved)
        }
        switch cost.state {
        case .priced: sums.restated = MoneyTotal(picodollars: Int128(cost.amount.picodollars))
        case .unpriced: sums.restatedUnpriced = 1
        case .free, .none: break
        }
    }

    /// What the stored counts cost, which lie in the scratch; the reader stands behind the attempts.
    private mutating func stored(
        _ reader: inout CompletedReader,
        _ number: Int,
        _ pricer: Pricer,
        _ resolved: ResolvedPrices?
    ) throws(EventError) -> Cost {
        let tail = reader.usageTail()
        let additional = reader.additional()
        guard !reader.rest.failed else { throw .malformed("request.completed") }
        func text(_ bytes: UnsafeRawBufferPointer?) -> String? { bytes.map { String(decoding: $0, as: UTF8.self) } }
        guard !additional.isEmpty else {
            let looks = resolved?.looksAtConditions ?? false
            return pricer.cost(
                of: CountsByUnit(mask: reader.unitMask, values: UnsafeBufferPointer(units.buffer)),
                resolved: resolved,
                tier: looks ? text(tail.tier) : nil,
                speed: looks ? text(tail.speed) : nil,
                region: looks ? text(tail.region) : nil,
                microseconds: reader.time,
                multipliers: profiles[number].multipliers
            )
        }
        var usage = Usage()
        usage.counts = UsageCounts(mask: reader.unitMask, units: UnsafeBufferPointer(units.buffer)) ?? UsageCounts()
        usage.serviceTier = text(tail.tier)
        usage.speed = text(tail.speed)
        usage.region = text(tail.region)
        usage.additional = additional
        profiles[number].query.time = reader.time
        return pricer.cost(of: usage, resolved: resolved, query: profiles[number].query)
    }

    private mutating func resolve(_ number: Int, _ pricer: Pricer) {
        let query = profiles[number].query
        profiles[number].resolved = pricer.resolve(
            provider: query.provider,
            modelReported: query.modelReported,
            modelSent: query.modelSent
        )
        profiles[number].multipliers = pricer.multipliers(for: query)
        profiles[number].isResolved = true
    }

    /// Prices one earlier record by the newest book: the one after ``ViewState/restatedThrough``.
    package mutating func restate(_ sequence: UInt64, _ record: UnsafeRawBufferPointer) throws(ViewError) {
        guard sequence == state.restatedThrough &+ 1, sequence <= state.sequence else {
            throw ViewError(.gap, "event \(sequence) was given to be priced after \(state.restatedThrough)")
        }
        do throws(EventError) {
            if record.count >= 2, record[1] == EventKind.requestCompleted.rawValue {
                if CompletedReader.reads(record[0]) {
                    try restateCompleted(record)
                } else {
                    let current = try Upcasters.standard.upcast([UInt8](record))
                    try Self.withBytes(current) { (bytes) throws(EventError) in try restateCompleted(bytes) }
                }
            }
        } catch {
            throw ViewError(.unreadableRecord, "event \(sequence): \(error)")
        }
        state.restatedThrough = sequence
    }

    private mutating func restateCompleted(_ record: UnsafeRawBufferPointer) throws(EventError) {
        var reader = CompletedReader(record, units: units.buffer)
        guard !reader.rest.failed else { throw .malformed("request.completed") }
        let number = try markSets.isEmpty ? profile(reader.profile) : markedProfile(reader.profile, record)
        for _ in 0..<reader.attemptCount { _ = reader.nextAttempt(withKey: false) }
        var sums = Sums()
        let reading = try again(record, reader)
        try restate(&reader, number, &sums, reading)
        let profile = profiles[number]
        state.totals[profile.model].restated += sums.restated
        state.totals[profile.model].restatedUnpriced &+= sums.restatedUnpriced
        let day = Cube.key(
            bucket: Timestamp.floorDivide(reader.time, Timestamp.day),
            dimension: profile.slots.dimension
        )
        if let slot = state.days.find(day) { state.days.cells[slot] += sums }
        let hour = Cube.key(
            bucket: Timestamp.floorDivide(reader.time, Timestamp.hour),
            dimension: profile.slots.dimension
        )
        if let slot = state.hours.find(hour) { state.hours.cells[slot] += sums }
    }

    private static func add(
        _ sums: Sums,
        at time: Int64,
        _ slots: inout Slots,
        _ state: inout ViewState,
        _ scope: Scope
    ) {
        let day = Timestamp.floorDivide(time, Timestamp.day)
        if day != slots.day {
            slots.day = day
            slots.daySlot = state.days.slot(Cube.key(bucket: day, dimension: slots.dimension))
        }
        state.days.cells[slots.daySlot] += sums
        let hour = Timestamp.floorDivide(time, Timestamp.hour)
        guard !scope.prunesHours || hour >= state.oldestHour else { return }
        if hour != slots.hour {
            slots.hour = hour
            slots.hourSlot = state.hours.slot(Cube.key(bucket: hour, dimension: slots.dimension))
        }
        state.hours.cells[slots.hourSlot] += sums
    }

    private mutating func advanceDay(_ time: Int64) {
        let day = Timestamp.floorDivide(time, Timestamp.day)
        guard day > state.newestDay else { return }
        state.newestDay = day
        guard scope.prunesHours else { return }
        state.hours.prune(before: state.oldestHour)
        for index in profiles.indices { profiles[index].slots.hour = .min }
    }

    private mutating func markedProfile(
        _ bytes: UnsafeRawBufferPointer,
        _ record: UnsafeRawBufferPointer
    ) throws(EventError) -> Int {
        let number = markSets.number(try EventCodec.decodeCompleted(record))
        let key = [UInt8](bytes) + Array(String(number ?? -1).utf8)
        var result: Result<Int, EventError> = .failure(.malformed("request.completed"))
        key.withUnsafeBytes { key in
            do throws(EventError) { result = .success(try profile(bytes, key: key, marks: number)) } catch {
                result = .failure(error)
            }
        }
        return try result.get()
    }

    private mutating func profile(
        _ bytes: UnsafeRawBufferPointer,
        key: UnsafeRawBufferPointer? = nil,
        marks: Int? = nil
    ) throws(EventError) -> Int {
        let key = key ?? bytes
        if let number = seen.find(key) { return number }
        guard let labels = CompletedProfile(bytes) else { throw .malformed("request.completed") }
        if seen.isFull {
            seen.removeAll()
            profiles.removeAll()
        }
        let number = profiles.count
        profiles.append(makeProfile(labels, marks))
        seen.insert(key, number)
        return number
    }

    private mutating func makeProfile(_ labels: CompletedProfile, _ marks: Int? = nil) -> Profile {
        let group = state.labels.intern(labels.group)
        let model = state.labels.intern(labels.modelLabel)
        let client = state.labels.intern(markSets.label(client: labels.client, number: marks))
        let outcome = labels.outcome.rawValue
        let request = state.requests.slot(
            SeriesKey.request(
                group: group,
                model: model,
                operation: labels.operation,
                outcome: outcome,
                status: labels.status
            ),
            overflow: SeriesKey.request(group: 0, model: 0, operation: 0, outcome: outcome, status: 0)
        )
        if request == state.requestCounts.count { state.requestCounts.append(0) }
        let models = state.models.slot(SeriesKey.model(group: group, model: model), overflow: 0)
        if models == state.totals.count {
            state.totals.append(ModelTotals())
            state.tokens.append(contentsOf: repeatElement(0, count: 32))
        }
        let dimension = state.dimensions.slot(
            SeriesKey.dimension(group: group, model: model, client: client, operation: labels.operation),
            overflow: 0
        )
        let isSuccess = labels.outcome == .completed && (200..<300).contains(labels.status)
        return Profile(
            request: request,
            model: models,
            group: group,
            isError: labels.outcome != .completed || labels.status >= 400,
            isSuccess: isSuccess,
            query: PriceQuery(
                provider: labels.provider,
                modelReported: labels.modelReported,
                modelSent: labels.modelSent ?? labels.modelRequested,
                time: 0,
                group: labels.group,
                client: labels.client
            ),
            slots: Slots(dimension: dimension)
        )
    }
}

extension ViewState {
    var oldestHour: Int64 {
        newestDay < -1_000_000_000 ? .min : (newestDay - ViewState.daysOfHours) * 24
    }

    mutating func touch(_ time: Int64) {
        if created == 0 { created = time }
    }

    mutating func forgetRestated() {
        // Nothing to price again before the first request.
        restatedThrough = totals.isEmpty ? sequence : 0
        days.forgetRestated()
        hours.forgetRestated()
        for index in totals.indices {
            totals[index].restated = MoneyTotal()
            totals[index].restatedUnpriced = 0
        }
    }
}
