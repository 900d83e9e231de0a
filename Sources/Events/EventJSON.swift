import Accounting
import Metering

/// The JSON form of events: one object on one line, keys in a fixed order, as `schemas/` describes it.
public enum EventJSON {
    /// A stored record as a line of JSON without its newline, in the shape of the record's own schema version, so that
    /// later versions of this program give the same line.
    public static func render(record: UnsafeRawBufferPointer, sequence: UInt64) throws(EventError) -> [UInt8] {
        let event = try EventCodec.decode(record)
        return render(event, sequence: sequence, schema: record[0])
    }

    /// A stored record as a line of JSON without its newline.
    public static func render(record: [UInt8], sequence: UInt64) throws(EventError) -> [UInt8] {
        let result: Result<[UInt8], EventError> = record.withUnsafeBytes { bytes in
            do throws(EventError) { return .success(try render(record: bytes, sequence: sequence)) } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    /// An event as a line of JSON without its newline.
    ///
    /// Times are RFC 3339 in UTC with microseconds, money is exact decimal dollars in a string. The provider's raw usage
    /// object is put in as JSON when it is valid, else as null.
    ///
    /// - Parameters:
    ///   - schema: the version of the record that the event was read from: the line has that version's members.
    ///   - names: where it knows the client's, a member `client_name` follows `client`; it is not part of the event.
    public static func render(
        _ event: Event,
        sequence: UInt64,
        schema: UInt8,
        names: ClientNames = ClientNames()
    ) -> [UInt8] {
        var json = JSONText(capacity: 1024)
        render(event, sequence: sequence, schema: schema, names: names, into: &json)
        return json.bytes
    }

    /// Adds what ``render(_:sequence:schema:names:)`` gives behind other text.
    package static func render(
        _ event: Event,
        sequence: UInt64,
        schema: UInt8,
        names: ClientNames = ClientNames(),
        into json: inout JSONText
    ) {
        json.begin()
        json.open(0x7b)
        json.key("seq")
        json.number(sequence)
        json.key("type")
        json.string(event.kind.name)
        json.key("schema")
        json.number(schema)
        write(event, schema, names, &json)
        json.close(0x7d)
    }

    private static func write(_ event: Event, _ schema: UInt8, _ names: ClientNames, _ json: inout JSONText) {
        switch event {
        case .requestCompleted(let event): write(event, schema, names, &json)
        case .requestStarted(let event): write(event, time: event.time, names, &json)
        case .requestInterrupted(let event):
            write(event.started, time: event.time, names, &json)
            json.key("started")
            time(event.started.time, &json)
            json.key("outcome")
            json.string(Outcome.interrupted.name)
        case .schemaAdopted(let event):
            json.key("time")
            time(event.time, &json)
            json.key("version")
            json.number(event.version)
            json.key("hash")
            json.string(hexText(event.hash))
        case .priceBookAdopted(let event): write(event, &json)
        case .nodeStarted(let event):
            json.key("time")
            time(event.time, &json)
            json.key("program")
            json.string(event.program)
        case .nodeStopped(let event):
            json.key("time")
            time(event.time, &json)
            json.key("reason")
            json.string(event.reason)
        case .configurationChanged(let event):
            json.key("time")
            time(event.time, &json)
            json.key("hash")
            json.string(hexText(event.hash))
            json.key("summary")
            json.string(event.summary)
        case .historyTruncated(let event):
            json.key("time")
            time(event.time, &json)
            json.key("first")
            json.number(event.first)
            json.key("last")
            json.number(event.last)
        case .ledgerGap(let event):
            json.key("time")
            time(event.time, &json)
            json.key("since")
            time(event.since, &json)
            json.key("requests")
            json.number(event.requests)
        }
    }

    private static func write(_ event: PriceBookAdopted, _ json: inout JSONText) {
        json.key("time")
        time(event.time, &json)
        json.key("revision")
        json.number(event.revision)
        json.key("hash")
        json.string(hexText(event.hash))
        json.key("origin")
        json.string(event.origin)
        json.key("rows")
        json.number(event.book.rows.count)
        // The whole book in its canonical binary form: what `hash` is the hash of.
        json.key("book")
        json.string(base64(event.book.encode()))
    }

    static func write(client: String, _ names: ClientNames, _ json: inout JSONText) {
        json.key("client")
        json.string(client)
        if let name = names[client] {
            json.key("client_name")
            json.string(name)
        }
    }

    private static func write(
        _ event: RequestStarted,
        time moment: Int64,
        _ names: ClientNames,
        _ json: inout JSONText
    ) {
        json.key("id")
        json.string(event.id.text)
        json.key("time")
        time(moment, &json)
        json.key("group")
        json.string(event.group)
        write(client: event.client, names, &json)
        json.key("provider")
        json.string(event.provider)
        json.key("operation")
        json.string(EventNames.operation(event.operation))
        json.key("model")
        json.string(event.model)
    }

    static func time(_ microseconds: Int64, _ json: inout JSONText) {
        json.string(plain: Timestamp.utf8(microseconds))
    }
}

extension Event {
    /// The kind of the event.
    public var kind: EventKind {
        switch self {
        case .schemaAdopted: .schemaAdopted
        case .priceBookAdopted: .priceBookAdopted
        case .nodeStarted: .nodeStarted
        case .nodeStopped: .nodeStopped
        case .requestStarted: .requestStarted
        case .requestCompleted: .requestCompleted
        case .requestInterrupted: .requestInterrupted
        case .configurationChanged: .configurationChanged
        case .historyTruncated: .historyTruncated
        case .ledgerGap: .ledgerGap
        }
    }

    /// When it happened, in microseconds since 1970 (UTC); for requests, when they started.
    public var time: Int64 {
        switch self {
        case .schemaAdopted(let event): event.time
        case .priceBookAdopted(let event): event.time
        case .nodeStarted(let event): event.time
        case .nodeStopped(let event): event.time
        case .requestStarted(let event): event.time
        case .requestCompleted(let event): event.time
        case .requestInterrupted(let event): event.time
        case .configurationChanged(let event): event.time
        case .historyTruncated(let event): event.time
        case .ledgerGap(let event): event.time
        }
    }
}

/// Names of stored raw values that other targets define.
public enum EventNames {
    /// The name of an operation; `other` when a later version made it.
    public static func operation(_ raw: UInt8) -> String { (Operation(rawValue: raw) ?? .other).name }

    /// The name of a dialect; `auto` when a later version made it.
    public static func dialect(_ raw: UInt8) -> String { (Dialect(rawValue: raw) ?? .auto).name }
}
