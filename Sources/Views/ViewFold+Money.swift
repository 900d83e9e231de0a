import Accounting
import Events

extension ViewFold {
    /// The sums of one request by its stored counts, and the counters of its model; nothing restated.
    ///
    /// Counters that must never fall are of the stored counts, whatever a later reader makes of them.
    mutating func sums(_ reader: CompletedReader, _ number: Int) -> Sums {
        var sums = Sums()
        sums.requests = 1
        sums.errors = profiles[number].isError ? 1 : 0
        sums.count(units, reader.unitMask)
        if reader.costState == Cost.State.unpriced.rawValue { sums.unpriced = 1 }
        if reader.costState == Cost.State.priced.rawValue {
            // A counter must never fall, whatever a record says.
            sums.charged = MoneyTotal(picodollars: Int128(max(0, reader.amount)))
        }
        let model = profiles[number].model
        state.totals[model].charged += sums.charged
        state.totals[model].unpriced &+= sums.unpriced
        if profiles[number].isSuccess {
            state.totals[model].successes &+= 1
            state.totals[model].successInput = saturating(state.totals[model].successInput, sums.input)
            state.totals[model].successOutput = saturating(state.totals[model].successOutput, sums.output)
            state.totals[model].successCharged += sums.charged
        }
        return sums
    }

    /// Prices the stored counts by the newest book; the reader stands behind the attempts.
    mutating func price(_ reader: inout CompletedReader, _ number: Int, _ sums: inout Sums) throws(EventError) {
        guard scope.prices, let pricer, reader.costState != Cost.State.none.rawValue else { return }
        if !profiles[number].isResolved { resolve(number, pricer) }
        sums.restate(try stored(&reader, number, pricer, profiles[number].resolved))
    }

    /// Prices a usage that was read again.
    mutating func price(_ usage: Usage, _ reader: CompletedReader, _ number: Int, _ sums: inout Sums) {
        guard scope.prices, let pricer else { return }
        if !profiles[number].isResolved { resolve(number, pricer) }
        profiles[number].query.time = reader.time
        sums.restate(pricer.cost(of: usage, resolved: profiles[number].resolved, query: profiles[number].query))
    }

    /// What the stored counts cost, which lie in the scratch; the reader stands behind the attempts.
    mutating func stored(
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

    mutating func resolve(_ number: Int, _ pricer: Pricer) {
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

    mutating func restateCompleted(_ record: UnsafeRawBufferPointer) throws(EventError) {
        var reader = CompletedReader(record, units: units.buffer)
        guard !reader.rest.failed else { throw .malformed("request.completed") }
        let number = try markSets.isEmpty ? profile(reader.profile) : markedProfile(reader.profile, record)
        for _ in 0..<reader.attemptCount { _ = reader.nextAttempt() }
        var sums = Sums()
        if state.normaliser != 0, let reading = try again(record, reader) {
            price(reading, reader, number, &sums)
        } else {
            try price(&reader, number, &sums)
        }
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
}

extension Sums {
    fileprivate mutating func restate(_ cost: Cost) {
        switch cost.state {
        case .priced: restated = MoneyTotal(picodollars: Int128(cost.amount.picodollars))
        case .unpriced: restatedUnpriced = 1
        case .free, .none: break
        }
    }
}
