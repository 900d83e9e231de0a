import Events
public import Ledger

/// What has to be recorded about an earlier process that did not end in good order.
public enum Recovery {
    // A slot whose record is committed is freed right after the commit, so a crash between the two is within the last
    // batches; a batch is never larger than the ledger's queue.
    private static let tail: UInt64 = 200_000

    /// Appends a `request.interrupted` for every request that was under way when an earlier process ended, then
    /// forgets the leftovers. Blocking; call it at the start, before requests are taken.
    ///
    /// Under way is what was found in the in-flight table or was started in the ledger, and has no end there.
    ///
    /// - Parameters:
    ///   - state: the view, level with the ledger.
    ///   - now: the time, in microseconds since 1970 (UTC).
    ///   - opaque: the id to record for a client that an older version left by its name.
    /// - Returns: How many were interrupted.
    @discardableResult
    public static func interruptLeftovers(
        ledger: Ledger,
        state: ViewState,
        now: Int64,
        opaque: (_ client: String) throws -> String = { $0 }
    ) throws -> Int {
        var started: [RequestID: RequestStarted] = [:]
        for record in ledger.leftovers {
            // What is no event of this program cannot be recorded; it was never sent with a known identity.
            guard let event = try? EventCodec.decode(record), case .requestStarted(let request) = event else {
                continue
            }
            started[request.id] = request
        }
        try removeEnded(&started, ledger)
        for (id, sequence) in state.open where started[id] == nil {
            guard let record = try ledger.record(at: sequence), let event = try? EventCodec.decode(record),
                case .requestStarted(let request) = event
            else { continue }
            started[id] = request
        }
        let records = try started.values.sorted { $0.id < $1.id }.map { request in
            var request = request
            request.client = try opaque(request.client)
            return EventCodec.encode(RequestInterrupted(started: request, time: now))
        }
        if !records.isEmpty { try ledger.appendAndWait(records) }
        ledger.clearLeftovers()
        return records.count
    }

    private static func removeEnded(_ started: inout [RequestID: RequestStarted], _ ledger: Ledger) throws {
        guard !started.isEmpty, ledger.head > 0 else { return }
        let ends = [EventKind.requestCompleted.rawValue, EventKind.requestInterrupted.rawValue]
        var ended: [RequestID] = []
        let from = ledger.head > tail ? ledger.head - tail : 1
        try ledger.scan(from: from, through: ledger.head) { _, record in
            if record.count > 2, ends.contains(record[1]), let id = EventCodec.requestID(record), started[id] != nil {
                ended.append(id)
            }
            return true
        }
        for id in ended { started[id] = nil }
    }
}
