public import Accounting
public import Events

/// One event, or all events of one request, with how the price came about.
public struct Inspect: Sendable {
    /// An event with its place.
    public struct Found: Equatable, Sendable {
        /// Its sequence.
        public var sequence: UInt64
        /// The event.
        public var event: Event
        /// The schema version of its record.
        public var schema: UInt8
        /// The lines of its price by the book it was charged by; nil when it was not priced.
        public var quote: Quote?
    }

    /// What was found, in order.
    public var found: [Found]

    /// Looks for a sequence (`42`) or the identity of a request, on the calling thread.
    ///
    /// An identity is looked for from the newest events back, so a recent one is found at once.
    ///
    /// - Parameter books: the adopted books, from ``ViewState/books``.
    public init(_ text: String, in source: any RecordSource, books: [ViewState.AdoptedBook]) throws(ViewError) {
        found = []
        if let sequence = UInt64(text) {
            guard let record = try Self.record(sequence, source) else {
                throw ViewError(.notFound, "there is no event \(sequence): the ledger ends at \(source.head)")
            }
            found = [try Self.found(sequence, record, source, books)]
        } else if let id = RequestID(text: text) {
            for (sequence, record) in try Self.records(of: id, source) {
                found.append(try Self.found(sequence, record, source, books))
            }
            guard !found.isEmpty else {
                throw ViewError(
                    .notFound,
                    "no event is of the request \(text): it may be of another ledger or still running"
                )
            }
        } else {
            throw ViewError(.badQuestion, "`\(text)` is neither a sequence such as 42 nor the id of a request")
        }
    }

    private static func record(_ sequence: UInt64, _ source: any RecordSource) throws(ViewError) -> [UInt8]? {
        guard sequence > 0, sequence <= source.head else { return nil }
        do {
            return try source.readRecord(at: sequence)
        } catch {
            throw ViewError(.io, "event \(sequence) could not be read: \(error)")
        }
    }

    private static func records(
        of id: RequestID,
        _ source: any RecordSource
    ) throws(ViewError) -> [(UInt64, [UInt8])] {
        var hits: [(UInt64, [UInt8])] = []
        var through = source.head
        let kinds = [EventKind.requestStarted, .requestCompleted, .requestInterrupted].map(\.rawValue)
        while through > 0 {
            let from = through > 50_000 ? through - 49_999 : 1
            var newer: [(UInt64, [UInt8])] = []
            var hasStart = false
            try ViewEngine.scan(source, from: from, through: through) { sequence, record throws(ViewError) in
                if record.count > 2, kinds.contains(record[1]), EventCodec.requestID(record) == id {
                    newer.append((sequence, [UInt8](record)))
                    if record[1] == EventKind.requestStarted.rawValue { hasStart = true }
                }
                return true
            }
            hits = newer + hits
            // An end without a start nearly always has none: short requests are recorded once.
            if hasStart || (!hits.isEmpty && newer.isEmpty) { break }
            through = from - 1
        }
        return hits
    }

    private static func found(
        _ sequence: UInt64,
        _ record: [UInt8],
        _ source: any RecordSource,
        _ books: [ViewState.AdoptedBook]
    ) throws(ViewError) -> Found {
        let event: Event
        do throws(EventError) {
            event = try EventCodec.decode(record)
        } catch {
            throw ViewError(.unreadableRecord, "event \(sequence): \(error)")
        }
        guard case .requestCompleted(let completed) = event, completed.cost.state == .priced,
            let book = books.last(where: { $0.revision == completed.cost.priceBook }),
            let pricer = try ViewEngine.pricer(at: book.sequence, source)
        else { return Found(sequence: sequence, event: event, schema: record[0], quote: nil) }
        let query = PriceQuery(
            provider: completed.provider,
            modelReported: completed.modelReported,
            modelSent: completed.modelSent ?? completed.modelRequested,
            time: completed.time,
            group: completed.group,
            client: completed.client
        )
        return Found(
            sequence: sequence,
            event: event,
            schema: record[0],
            quote: pricer.lines(of: completed.usage, for: query)
        )
    }

    /// The events as indented JSON, one object after another; `price` follows the event's own members.
    ///
    /// - Parameter names: the names that are put beside the ids of clients.
    public func render(names: ClientNames = ClientNames()) -> [UInt8] {
        var out: [UInt8] = []
        for item in found {
            var json = EventJSON.render(item.event, sequence: item.sequence, schema: item.schema, names: names)
            if let quote = item.quote, json.last == 0x7d {
                json.removeLast()
                json.append(0x2c)
                json += Self.lines(quote)
                json.append(0x7d)
            }
            out += JSONLayout.indented(json)
            out.append(0x0a)
        }
        return out
    }

    private static func lines(_ quote: Quote) -> [UInt8] {
        var json = JSONText()
        json.key("price")
        json.array { json in
            for line in quote.lines {
                json.object { json in
                    json.key("unit")
                    json.string(MetricsRenderer.type(line.unit))
                    json.key("model")
                    json.string(ifPresent: line.model)
                    json.key("count")
                    json.number(line.count)
                    json.key("priced_as")
                    json.string(ifPresent: line.pricedAs.map(MetricsRenderer.type))
                    json.key("rate")
                    json.string(ifPresent: line.rate?.text)
                    json.key("usd")
                    json.string(ifPresent: line.amount?.dollars)
                    json.key("row")
                    json.number(ifPresent: line.row)
                }
            }
        }
        return json.bytes
    }
}

/// Line breaks and indentation for compact JSON.
package enum JSONLayout {
    package static func indented(_ json: [UInt8]) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(json.count * 2)
        var depth = 0
        var inString = false
        var isEscaped = false
        for (index, byte) in json.enumerated() {
            if inString {
                out.append(byte)
                if isEscaped {
                    isEscaped = false
                } else if byte == 0x5c {
                    isEscaped = true
                } else if byte == 0x22 {
                    inString = false
                }
                continue
            }
            switch byte {
            case 0x22:
                inString = true
                out.append(byte)
            case 0x7b, 0x5b:
                out.append(byte)
                let isEmpty = index + 1 < json.count && (json[index + 1] == 0x7d || json[index + 1] == 0x5d)
                depth += 1
                if !isEmpty { newline(depth, &out) }
            case 0x7d, 0x5d:
                depth = max(0, depth - 1)
                if index > 0, json[index - 1] != 0x7b, json[index - 1] != 0x5b { newline(depth, &out) }
                out.append(byte)
            case 0x2c:
                out.append(byte)
                newline(depth, &out)
            case 0x3a:
                out.append(byte)
                out.append(0x20)
            default: out.append(byte)
            }
        }
        return out
    }

    private static func newline(_ depth: Int, _ out: inout [UInt8]) {
        out.append(0x0a)
        for _ in 0..<(2 * min(depth, 100)) { out.append(0x20) }
    }
}
