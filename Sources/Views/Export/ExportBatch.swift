internal import Accounting
internal import Events
internal import Ledger

/// Some records that follow each other, as they were read.
struct ExportBatch: Sendable {
    /// Bytes after which a batch is full; its text is some times longer.
    static let byteLimit = 128 << 10
    /// Records after which it is full.
    static let countLimit = 256

    let first: UInt64
    private(set) var bytes: [UInt8] = []
    private(set) var ends: [Int] = []

    init(first: UInt64) {
        self.first = first
        bytes.reserveCapacity(ExportBatch.byteLimit + 4_096)
        ends.reserveCapacity(ExportBatch.countLimit)
    }

    var isEmpty: Bool { ends.isEmpty }
    var isFull: Bool { bytes.count >= ExportBatch.byteLimit || ends.count >= ExportBatch.countLimit }

    mutating func append(_ record: UnsafeRawBufferPointer) {
        bytes.append(contentsOf: record)
        ends.append(bytes.count)
    }
}

/// What became of a batch.
struct ExportedBatch: Sendable {
    /// A run of events.
    enum Part: Sendable {
        /// The text from where the one before ended up to `end`, and in a verifiable export the events' leaves.
        case text(end: Int, events: UInt64, leaves: CompactRange?)
        /// What the filter left out of a verifiable export.
        case omitted(CompactRange)
    }

    var text: [UInt8] = []
    var parts: [Part] = []
    /// Why the next record could not be read.
    var failure: ViewError?
}

/// Makes the text of batches; on any thread.
struct ExportRenderer: Sendable {
    let format: Export.Format
    let filter: EventFilter
    /// The origin of the ledger.
    let origin: String
    /// The price books, where the form needs them.
    let books: BookShelf
    let names: ClientNames
    /// Renders requests without making events of them; nil where the form or the filter needs the event.
    private let pool: LinePool?

    init(_ export: Export, _ source: any RecordSource, _ epochs: ExportEpochs) {
        format = export.format
        filter = export.filter
        origin = source.origin
        names = export.names
        books = BookShelf(source, epochs)
        let isLines = export.format == .ndjson || export.format == .lines
        // The verifiable form shows nothing that is not in the record.
        let shown = export.format == .ndjson ? ClientNames() : names
        pool = isLines && export.filter.isEmpty ? LinePool(names: shown) : nil
    }

    /// What stands before the first event.
    var header: [UInt8] {
        switch format {
        case .csv: EventCSV.header
        case .focus: FocusCSV.header
        case .ndjson, .cloudevents, .lines: []
        }
    }

    func render(_ batch: ExportBatch) -> ExportedBatch {
        var output = ExportedBatch()
        var json = JSONText(capacity: batch.ends.count * 1_536 + batch.bytes.count)
        var run = Run(leaves: CompactRange(begin: batch.first - 1))
        var lines = pool?.take()
        defer { if let lines { pool?.give(lines) } }
        batch.bytes.withUnsafeBytes { bytes in
            var start = 0
            var sequence = batch.first
            for end in batch.ends {
                let record = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                defer {
                    start = end
                    sequence += 1
                }
                if lines?.append(record, sequence: sequence, to: &json) == true {
                    finish(record, &json, &run)
                    continue
                }
                do throws(EventError) {
                    let event = try EventCodec.decode(record)
                    if format == .ndjson {
                        append(event, sequence, record, &json, &run, &output.parts)
                    } else if filter.passes(event), append(event, sequence, schema: record[0], &json) {
                        run.events += 1
                    }
                } catch {
                    output.failure = ViewError(.unreadableRecord, "event \(sequence): \(error)")
                    break
                }
            }
        }
        run.end(json.count, &output.parts)
        output.text = json.bytes
        return output
    }

    /// A line of a verifiable export, or its leaf alone where the filter leaves the event out.
    private func append(
        _ event: Event,
        _ sequence: UInt64,
        _ record: UnsafeRawBufferPointer,
        _ json: inout JSONText,
        _ run: inout Run,
        _ parts: inout [ExportedBatch.Part]
    ) {
        let isWanted = filter.passes(event)
        let beginsSegment = (sequence - 1) % Export.segment == 0
        if run.isOmitted == isWanted || (run.isOmitted && beginsSegment) { run.end(json.count, &parts) }
        run.isOmitted = !isWanted
        guard isWanted else {
            run.leaves.append(leaf: Digest.leaf(record))
            return
        }
        EventJSON.render(event, sequence: sequence, schema: record[0], into: &json)
        finish(record, &json, &run)
    }

    /// Ends the line of an event, in a verifiable export with its stored bytes.
    private func finish(_ record: UnsafeRawBufferPointer, _ json: inout JSONText, _ run: inout Run) {
        run.events += 1
        guard format == .ndjson else { return json.append(0x0a) }
        run.leaves.append(leaf: Digest.leaf(record))
        // In place of the brace that closes the fields.
        json.removeLast()
        json.append(Self.storedKey)
        json.append(count: Base64.length(of: record.count)) { Base64.encode(record, into: $0) }
        json.append(Self.lineEnd)
    }

    private static let storedKey = Array(",\"stored\":\"".utf8)
    private static let lineEnd = Array("\"}\n".utf8)

    /// A line of any other form; false when the form has none for that event.
    private func append(_ event: Event, _ sequence: UInt64, schema: UInt8, _ json: inout JSONText) -> Bool {
        switch format {
        case .csv:
            guard case .requestCompleted(let completed) = event else { return false }
            json.append(EventCSV.row(named(completed), sequence: sequence))
        case .focus:
            guard case .requestCompleted(let completed) = event else { return false }
            let pricer = books.pricer(completed.cost.priceBook)
            // By the id, not the name, the factors of the book are found.
            json.append(FocusCSV.rows(completed, sequence, pricer: pricer, origin: origin, names: names))
        case .cloudevents:
            CloudEventJSON.render(
                event,
                sequence: sequence,
                schema: schema,
                origin: origin,
                names: names,
                into: &json
            )
            json.append(0x0a)
        case .ndjson, .lines:
            EventJSON.render(event, sequence: sequence, schema: schema, names: names, into: &json)
            json.append(0x0a)
        }
        return true
    }

    /// The request with its client's name where that is asked for and known.
    private func named(_ event: RequestCompleted) -> RequestCompleted {
        var event = event
        event.client = names.shown(event.client)
        return event
    }

    /// Events that are all wanted, or all left out.
    private struct Run {
        var leaves: CompactRange
        var events: UInt64 = 0
        var isOmitted = false

        mutating func end(_ textEnd: Int, _ parts: inout [ExportedBatch.Part]) {
            if isOmitted, leaves.count > 0 {
                parts.append(.omitted(leaves))
            } else if events > 0 {
                parts.append(.text(end: textEnd, events: events, leaves: leaves.count > 0 ? leaves : nil))
            }
            events = 0
            leaves = CompactRange(begin: leaves.end)
        }
    }
}
