import Accounting
import Events

extension ViewState {
    /// The state as bytes: the same for the same events, on every machine.
    ///
    /// Tables are written in the order in which the ledger first named their entries, sets in ascending order.
    public func encode() -> [UInt8] {
        var writer = ByteWriter(capacity: 4096 + days.cells.count * 64 + hours.cells.count * 64)
        writer.varint(UInt64(ViewState.version))
        writer.varint(sequence)
        writer.varint(restatedThrough)
        writer.varint(nodeStarts)
        writer.signed(lastStart)
        writer.varint(truncations)
        writer.signed(created)
        recentDays.encode(&writer)
        writer.byte(epoch)
        writer.byte(normaliser)
        writer.varint(reread)
        writer.count(books.count)
        for book in books {
            writer.varint(book.sequence)
            writer.signed(book.time)
            writer.varint(UInt64(book.revision))
            writer.blob(book.hash)
            writer.string(book.origin)
        }
        writer.count(schemas.count)
        for schema in schemas {
            writer.varint(schema.sequence)
            writer.byte(schema.version)
            writer.blob(schema.hash)
        }
        writer.count(open.count)
        for (id, sequence) in open.sorted(by: { $0.key < $1.key }) {
            writer.fixed64(id.high)
            writer.fixed64(id.low)
            writer.varint(sequence)
        }
        labels.encode(&writer)
        requests.encode(&writer)
        for count in requestCounts { writer.varint(count) }
        models.encode(&writer)
        for total in totals { total.encode(&writer) }
        for count in tokens { writer.signed(count) }
        attempts.encode(&writer)
        for count in attemptCounts { writer.varint(count) }
        dimensions.encode(&writer)
        days.encode(&writer)
        hours.encode(&writer)
        return writer.bytes
    }

    /// A state from its bytes; throws when they are damaged or of another version.
    public init(decoding bytes: [UInt8]) throws(ViewError) {
        self.init()
        let isComplete = bytes.withUnsafeBytes { pointer in
            var reader = ByteReader(pointer)
            return reader.varint() == UInt64(ViewState.version) && decode(&reader) && !reader.failed
                && reader.remaining == 0 && isConsistent
        }
        guard isComplete else {
            throw ViewError(.badSnapshot, "the bytes are no view of version \(ViewState.version)")
        }
    }

    private mutating func decode(_ reader: inout ByteReader) -> Bool {
        sequence = reader.varint()
        restatedThrough = reader.varint()
        nodeStarts = reader.varint()
        lastStart = reader.signed()
        truncations = reader.varint()
        created = reader.signed()
        guard recentDays.decode(&reader) else { return false }
        epoch = reader.byte()
        normaliser = reader.byte()
        reread = reader.varint()
        for _ in 0..<reader.small(reader.remaining) {
            let sequence = reader.varint()
            let time = reader.signed()
            let revision = UInt32(truncatingIfNeeded: reader.varint())
            let hash = reader.bytes()
            books.append(
                AdoptedBook(sequence: sequence, time: time, revision: revision, hash: hash, origin: reader.string())
            )
            if reader.failed { return false }
        }
        for _ in 0..<reader.small(reader.remaining) {
            let sequence = reader.varint()
            schemas.append(AdoptedSchema(sequence: sequence, version: reader.byte(), hash: reader.bytes()))
            if reader.failed { return false }
        }
        for _ in 0..<reader.small(reader.remaining) {
            let high = reader.fixed64()
            let low = reader.fixed64()
            open[RequestID(high: high, low: low)] = reader.varint()
            if reader.failed { return false }
        }
        return decodeTables(&reader)
    }

    private mutating func decodeTables(_ reader: inout ByteReader) -> Bool {
        guard labels.decode(&reader), requests.decode(&reader) else { return false }
        requestCounts = (0..<requests.count).map { _ in reader.varint() }
        guard models.decode(&reader) else { return false }
        totals = (0..<models.count).map { _ in ModelTotals(&reader) }
        tokens = (0..<(models.count * 32)).map { _ in reader.signed() }
        guard attempts.decode(&reader) else { return false }
        attemptCounts = (0..<attempts.count).map { _ in reader.varint() }
        return dimensions.decode(&reader) && days.decode(&reader) && hours.decode(&reader)
    }

    private var isConsistent: Bool {
        restatedThrough <= sequence && books.allSatisfy { $0.sequence <= sequence }
            && days.keys.allSatisfy { Cube.dimension($0) < dimensions.count }
            && hours.keys.allSatisfy { Cube.dimension($0) < dimensions.count }
    }
}

extension ModelTotals {
    func encode(_ writer: inout ByteWriter) {
        writer.varint(requests)
        writer.varint(unpriced)
        writer.varint(restatedUnpriced)
        writer.money(charged)
        writer.money(restated)
        writer.varint(successes)
        writer.signed(successInput)
        writer.signed(successOutput)
        writer.money(successCharged)
        duration.encode(&writer)
        firstByte.encode(&writer)
        overhead.encode(&writer)
    }

    init(_ reader: inout ByteReader) {
        requests = reader.varint()
        unpriced = reader.varint()
        restatedUnpriced = reader.varint()
        charged = reader.money()
        restated = reader.money()
        successes = reader.varint()
        successInput = reader.signed()
        successOutput = reader.signed()
        successCharged = reader.money()
        duration = Histogram(&reader)
        firstByte = Histogram(&reader)
        overhead = Histogram(&reader)
    }
}
