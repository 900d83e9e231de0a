public import Events

/// The events of a ledger, in order, as text.
public struct Export: Equatable, Sendable {
    /// The text formats.
    public enum Format: String, Sendable, CaseIterable {
        /// Every event as one line of JSON.
        case ndjson
        /// Completed requests as rows (RFC 4180) under a header.
        case csv

        /// The value of the `Content-Type` header.
        public var contentType: String {
            switch self {
            case .ndjson: "application/x-ndjson"
            case .csv: "text/csv; charset=utf-8; header=present"
            }
        }
    }

    /// The format.
    public var format: Format
    /// The first sequence.
    public var from: UInt64
    /// The last sequence; nil for the head when the export begins.
    public var through: UInt64?
    /// Events before this are left out; microseconds since 1970 (UTC).
    public var since: Int64?
    /// Events at this or later are left out; microseconds since 1970 (UTC).
    public var until: Int64?
    /// The names that are put beside the ids of clients; they are not part of what is stored.
    public var names = ClientNames()

    /// An export.
    public init(
        format: Format = .ndjson,
        from: UInt64 = 1,
        through: UInt64? = nil,
        since: Int64? = nil,
        until: Int64? = nil
    ) {
        self.format = format
        self.from = from
        self.through = through
        self.since = since
        self.until = until
    }

    private static let chunk = 65_536

    /// Gives the text in pieces of some 64 KiB that end with a line, on the calling thread.
    ///
    /// `emit` returns false to stop. An export of the same range always has the same bytes.
    ///
    /// - Returns: The last sequence that was read; resume behind it.
    @discardableResult
    public func run(
        _ source: any RecordSource,
        emit: ([UInt8]) throws -> Bool
    ) throws -> UInt64 {
        var buffer: [UInt8] = format == .csv ? EventCSV.header : []
        var last = from > 0 ? from - 1 : 0
        let through = min(through ?? .max, source.head)
        var isStopped = false
        if max(from, 1) <= through {
            try source.scan(from: max(from, 1), through: through) { sequence, record in
                let event: Event
                do throws(EventError) {
                    event = try EventCodec.decode(record)
                } catch {
                    throw ViewError(.unreadableRecord, "event \(sequence): \(error)")
                }
                append(event, sequence, record[0], &buffer)
                last = sequence
                guard buffer.count >= Self.chunk else { return true }
                isStopped = try !emit(buffer)
                buffer.removeAll(keepingCapacity: true)
                return !isStopped
            }
        }
        if !isStopped, !buffer.isEmpty { _ = try emit(buffer) }
        return last
    }

    private func append(_ event: Event, _ sequence: UInt64, _ schema: UInt8, _ buffer: inout [UInt8]) {
        if let since, event.time < since { return }
        if let until, event.time >= until { return }
        switch format {
        case .ndjson:
            buffer += EventJSON.render(event, sequence: sequence, schema: schema, names: names)
            buffer.append(0x0a)
        case .csv:
            if case .requestCompleted(let completed) = event { buffer += EventCSV.row(completed, sequence: sequence) }
        }
    }
}
