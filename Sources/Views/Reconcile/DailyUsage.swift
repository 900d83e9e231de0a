public import Accounting
import Events

/// What the ledger holds by day, provider and reported model: the side of it that a provider's bill is compared with.
public struct DailyUsage: Equatable, Sendable {
    /// What is summed up together.
    public struct Key: Hashable, Sendable {
        /// The day on which the requests started, counted from 1970-01-01 (UTC).
        public var day: Int64
        /// The provider, by its name in the price book.
        public var provider: String
        /// The model that the provider reported, else the one that it was sent.
        public var model: String
    }

    /// The sums of one day, provider and model.
    public struct Row: Equatable, Sendable {
        /// Requests that were answered with a status of 200 to 299, tokens, and the money as charged.
        public var figures = Bill.Figures()
        /// The same requests by the newest book without the multipliers of groups and clients, so what the provider asks.
        public var list = MoneyTotal()
        /// Requests that had no price.
        public var unpriced: UInt64 = 0
    }

    /// The sums.
    public var rows: [Key: Row] = [:]
    /// The revision of the newest book; 0 when there is none.
    public var bookRevision: UInt32 = 0

    /// Further days and models are counted under the model `other`.
    static let mostRows = 200_000

    /// Nothing.
    public init() {}

    /// Reads the requests of some days in one pass over the ledger, on the calling thread.
    ///
    /// - Parameters:
    ///   - days: counted from 1970-01-01 (UTC).
    ///   - provider: only the requests of this one; nil for all.
    ///   - groups: only the requests through these; empty for all.
    ///   - newestBook: the sequence of the newest adopted book (see ``ViewState/books``).
    ///   - progress: called now and then; when it returns false the answer is nil.
    public init?(
        scanning source: any RecordSource,
        days: Range<Int64>,
        provider: String? = nil,
        groups: Set<String> = [],
        newestBook: UInt64? = nil,
        progress: (ViewService.Progress) -> Bool = { _ in true }
    ) throws(ViewError) {
        let pricer = try Self.listPricer(newestBook, source)
        bookRevision = pricer?.revision ?? 0
        let head = source.head
        guard head > 0 else { return }
        let scratch = Scratch()
        var isWanted = true
        try ViewEngine.scan(source, from: 1, through: head) { sequence, record throws(ViewError) in
            if sequence % Self.turn == 0 {
                isWanted = progress(ViewService.Progress(done: sequence, total: head))
                guard isWanted else { return false }
            }
            guard record.count > 1, record[1] == EventKind.requestCompleted.rawValue else { return true }
            if record[0] == Schema.current {
                // The time stands in front, so that a request of another day is not decoded.
                let reader = CompletedReader(record, units: scratch.buffer)
                guard days.contains(Timestamp.floorDivide(reader.time, Timestamp.day)) else { return true }
            }
            do throws(EventError) {
                guard case .requestCompleted(let event) = try EventCodec.decode(record) else { return true }
                guard days.contains(Timestamp.floorDivide(event.time, Timestamp.day)),
                    provider == nil || event.provider == provider, groups.isEmpty || groups.contains(event.group)
                else { return true }
                add(event, pricer)
            } catch {
                throw ViewError(.unreadableRecord, "event \(sequence): \(error)")
            }
            return true
        }
        guard isWanted else { return nil }
    }

    /// Events from one call of the progress to the next.
    private static let turn: UInt64 = 50_000

    private static func listPricer(_ newest: UInt64?, _ source: any RecordSource) throws(ViewError) -> Pricer? {
        guard let newest, let record = try? source.readRecord(at: newest), let event = try? EventCodec.decode(record),
            case .priceBookAdopted(let adopted) = event,
            let book = try? PriceBook(rows: adopted.book.rows, fallbacks: adopted.book.fallbacks)
        else { return nil }
        return Pricer(book: book, revision: adopted.revision)
    }

    private mutating func add(_ event: RequestCompleted, _ pricer: Pricer?) {
        let day = Timestamp.floorDivide(event.time, Timestamp.day)
        let model = [event.modelReported, event.modelSent, event.modelRequested].compactMap(\.self)
            .first { !$0.isEmpty }
        var row = Row()
        row.figures[.requests] = (200..<300).contains(event.status) ? 1 : 0
        Self.count(event.usage.counts, in: &row.figures)
        if event.cost.state == .priced { row.figures[.cost] = Int128(event.cost.amount.picodollars) }
        if event.cost.state == .unpriced { row.unpriced = 1 }
        if let pricer, event.cost.state != .none {
            let query = PriceQuery(
                provider: event.provider,
                modelReported: event.modelReported,
                modelSent: event.modelSent ?? event.modelRequested,
                time: event.time,
                group: event.group,
                client: event.client
            )
            let cost = pricer.cost(of: event.usage, for: query)
            if cost.state == .priced { row.list += cost.amount }
        }
        merge(row, Key(day: day, provider: event.provider, model: model ?? "unknown"))
        for item in event.usage.additional {
            // A provider lists work on another model under that model; its money is part of the one request.
            var row = Row()
            Self.count(item.counts, in: &row.figures)
            merge(row, Key(day: day, provider: event.provider, model: item.model ?? model ?? "unknown"))
        }
    }

    private static func count(_ counts: UsageCounts, in figures: inout Bill.Figures) {
        figures[.input] = Int128(counts.total(.input) ?? 0)
        figures[.cacheRead] = Int128(counts.cacheRead ?? 0)
        figures[.cacheWrite] = Int128(counts.cacheWrite ?? 0)
        figures[.output] = Int128(counts.total(.output) ?? 0)
    }

    private mutating func merge(_ row: Row, _ key: Key) {
        var key = key
        if rows.count >= Self.mostRows, rows[key] == nil { key.model = "other" }
        rows[key, default: Row()].figures += row.figures
        rows[key, default: Row()].list += row.list
        rows[key, default: Row()].unpriced &+= row.unpriced
    }
}
