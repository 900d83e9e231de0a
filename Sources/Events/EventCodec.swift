import Accounting
import Ledger

/// The binary form in which events stand in the ledger.
///
/// Byte 0 is the schema version, byte 1 the kind, then follow the fields in a fixed order: numbers as LEB128 varints
/// (signed ones zigzag), strings behind their length in bytes. Reading is bounded by the record and never traps.
public enum EventCodec {
    /// The stored form of an event.
    public static func encode(_ event: Event) -> [UInt8] {
        switch event {
        case .requestCompleted(let event): return encode(event)
        case .requestStarted(let event): return encode(event)
        case .requestInterrupted(let event): return encode(event)
        case .schemaAdopted(let event):
            var writer = header(.schemaAdopted, event.time)
            writer.byte(event.version)
            writer.blob(event.hash)
            return writer.bytes
        case .priceBookAdopted(let event):
            var writer = header(.priceBookAdopted, event.time)
            writer.varint(UInt64(event.revision))
            writer.blob(event.hash)
            writer.string(event.origin)
            writer.blob(event.book.encode())
            return writer.bytes
        case .nodeStarted(let event):
            var writer = header(.nodeStarted, event.time)
            writer.string(event.program)
            return writer.bytes
        case .nodeStopped(let event):
            var writer = header(.nodeStopped, event.time)
            writer.string(event.reason)
            return writer.bytes
        case .configurationChanged(let event):
            var writer = header(.configurationChanged, event.time)
            writer.blob(event.hash)
            writer.string(event.summary)
            return writer.bytes
        case .historyTruncated(let event):
            var writer = header(.historyTruncated, event.time)
            writer.varint(event.first)
            writer.varint(event.last)
            return writer.bytes
        case .ledgerGap(let event):
            var writer = header(.ledgerGap, event.time)
            writer.fixed64(UInt64(bitPattern: event.since))
            writer.varint(event.requests)
            return writer.bytes
        }
    }

    private static func header(_ kind: EventKind, _ time: Int64, capacity: Int = 64) -> ByteWriter {
        var writer = ByteWriter(capacity: capacity)
        writer.byte(Schema.current)
        writer.byte(kind.rawValue)
        if kind != .requestCompleted, kind != .requestStarted, kind != .requestInterrupted {
            writer.fixed64(UInt64(bitPattern: time))
        }
        return writer
    }

    /// The stored form of a `request.started`.
    public static func encode(_ event: RequestStarted) -> [UInt8] {
        var writer = header(.requestStarted, event.time, capacity: 96)
        write(event, &writer)
        return writer.bytes
    }

    /// The stored form of a `request.interrupted`.
    public static func encode(_ event: RequestInterrupted) -> [UInt8] {
        var writer = header(.requestInterrupted, event.time, capacity: 96)
        write(event.started, &writer)
        writer.fixed64(UInt64(bitPattern: event.time))
        return writer.bytes
    }

    private static func write(_ event: RequestStarted, _ writer: inout ByteWriter) {
        writer.fixed64(event.id.high.bigEndian.littleEndian)
        writer.fixed64(event.id.low.bigEndian.littleEndian)
        writer.fixed64(UInt64(bitPattern: event.time))
        writer.byte(event.operation)
        writer.string(event.group)
        writer.string(event.client)
        writer.string(event.provider)
        writer.string(event.model)
    }

    /// The kind of a record of any schema version that this program reads; where it stands is the same in all of them.
    public static func kind(of bytes: UnsafeRawBufferPointer) throws(EventError) -> EventKind {
        guard bytes.count >= 2 else { throw .malformed("an event") }
        guard bytes[0] <= Schema.current else { throw .newer(bytes[0]) }
        guard bytes[0] >= Schema.first else { throw .noUpcaster(from: bytes[0]) }
        guard let kind = EventKind(rawValue: bytes[1]) else { throw .kind(bytes[1]) }
        return kind
    }

    /// The event in a stored record, brought to the current schema version first where it is older.
    public static func decode(_ bytes: UnsafeRawBufferPointer) throws(EventError) -> Event {
        if let version = bytes.first, version < Schema.current {
            let record = try Upcasters.standard.upcast([UInt8](bytes))
            return try decode(record)
        }
        let kind = try kind(of: bytes)
        if kind == .requestCompleted { return .requestCompleted(try decodeCompleted(bytes)) }
        var reader = ByteReader(bytes, from: 2)
        let event = read(kind, &reader)
        guard let event, !reader.failed, reader.remaining == 0 else { throw .malformed(kind.name) }
        return event
    }

    /// The event in a stored record.
    public static func decode(_ bytes: [UInt8]) throws(EventError) -> Event {
        let result: Result<Event, EventError> = bytes.withUnsafeBytes { pointer in
            do throws(EventError) { return .success(try decode(pointer)) } catch { return .failure(error) }
        }
        return try result.get()
    }

    private static func read(_ kind: EventKind, _ reader: inout ByteReader) -> Event? {
        switch kind {
        case .requestStarted: return .requestStarted(readStarted(&reader))
        case .requestInterrupted:
            let started = readStarted(&reader)
            return .requestInterrupted(RequestInterrupted(started: started, time: Int64(bitPattern: reader.fixed64())))
        case .requestCompleted: return nil
        default: break
        }
        let time = Int64(bitPattern: reader.fixed64())
        switch kind {
        case .schemaAdopted:
            return .schemaAdopted(SchemaAdopted(time: time, version: reader.byte(), hash: reader.bytes()))
        case .priceBookAdopted:
            let revision = UInt32(truncatingIfNeeded: reader.small(Int(UInt32.max)))
            let hash = reader.bytes()
            let origin = reader.string()
            let encoded = reader.blob()
            // Every start reads the built-in book from the ledger; its bytes are known to be a valid one.
            let isBuiltIn = hexText(hash) == PriceBook.builtInHash && Digest(hashing: encoded) == Digest(hash)
            guard !reader.failed, let book = try? PriceBook(decoding: encoded, isValid: isBuiltIn) else { return nil }
            return .priceBookAdopted(
                PriceBookAdopted(time: time, revision: revision, hash: hash, origin: origin, book: book)
            )
        case .nodeStarted: return .nodeStarted(NodeStarted(time: time, program: reader.string()))
        case .nodeStopped: return .nodeStopped(NodeStopped(time: time, reason: reader.string()))
        case .configurationChanged:
            return .configurationChanged(
                ConfigurationChanged(time: time, hash: reader.bytes(), summary: reader.string())
            )
        case .historyTruncated:
            return .historyTruncated(HistoryTruncated(time: time, first: reader.varint(), last: reader.varint()))
        case .ledgerGap:
            return .ledgerGap(
                LedgerGap(time: time, since: Int64(bitPattern: reader.fixed64()), requests: reader.varint())
            )
        case .requestStarted, .requestCompleted, .requestInterrupted: return nil
        }
    }

    private static func readStarted(_ reader: inout ByteReader) -> RequestStarted {
        let high = UInt64(bigEndian: reader.fixed64().littleEndian)
        let low = UInt64(bigEndian: reader.fixed64().littleEndian)
        let time = Int64(bitPattern: reader.fixed64())
        let operation = reader.byte()
        return RequestStarted(
            id: RequestID(high: high, low: low),
            time: time,
            group: reader.string(),
            client: reader.string(),
            provider: reader.string(),
            operation: operation,
            model: reader.string()
        )
    }

    /// The identity in a `request.started`, `.completed` or `.interrupted` record, without decoding the rest.
    package static func requestID(_ bytes: UnsafeRawBufferPointer) -> RequestID? {
        var reader = ByteReader(bytes, from: 2)
        let high = UInt64(bigEndian: reader.fixed64().littleEndian)
        let low = UInt64(bigEndian: reader.fixed64().littleEndian)
        return reader.failed ? nil : RequestID(high: high, low: low)
    }
}
