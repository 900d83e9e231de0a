import Accounting
import Events

extension ViewFold {
    mutating func markedProfile(
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

    mutating func profile(
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

    mutating func makeProfile(_ labels: CompletedProfile, _ marks: Int? = nil) -> Profile {
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

    static func add(
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

    mutating func advanceDay(_ time: Int64) {
        guard state.recentDays.insert(Timestamp.floorDivide(time, Timestamp.day)), scope.prunesHours else { return }
        dropOldHours()
    }

    /// Drops the hours of days that are no longer among the newest.
    mutating func dropOldHours() {
        state.hours.prune(before: state.oldestHour)
        for index in profiles.indices { profiles[index].slots.hour = .min }
    }
}

extension ViewState {
    /// The first hour whose sums are kept.
    var oldestHour: Int64 { recentDays.oldestKept.map { $0 * 24 } ?? .min }

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
