public import Accounting
public import Events

/// What history would cost under a book that nobody adopted, beside what it costs under the newest that was.
///
/// One pass over the ledger; nothing is written.
public struct PriceImpact: Equatable, Sendable {
    /// One line: what changes for a model, a client or a month.
    public struct Row: Equatable, Sendable {
        /// The model, the client or the month (`2026-11`).
        public var name: String
        /// Requests that ended.
        public var requests: UInt64
        /// The cost as charged when it happened.
        public var charged: MoneyTotal
        /// The cost under the newest adopted book.
        public var current: MoneyTotal
        /// The cost under the new book.
        public var proposed: MoneyTotal
        /// Requests that the newest adopted book has no price for.
        public var currentUnpriced: UInt64
        /// Requests that the new book has no price for.
        public var proposedUnpriced: UInt64

        /// By how much the cost changes.
        public var change: MoneyTotal { proposed - current }
    }

    /// By model, the greatest change first.
    public var byModel: [Row]
    /// By client, the greatest change first.
    public var byClient: [Row]
    /// By month, oldest first.
    public var byMonth: [Row]
    /// Over everything.
    public var total: Row

    /// Prices history by two books, on the calling thread; nil when `progress` returned false.
    ///
    /// - Parameters:
    ///   - names: the names that clients are shown by.
    ///   - normalises: reads usage again, as the views do after ``ViewService/rebuild(normalises:progress:)``.
    public init?(
        of proposed: PriceBook,
        on source: any RecordSource,
        names: ClientNames = ClientNames(),
        normalises: Bool = false,
        progress: (ViewService.Progress) -> Bool = { _ in true }
    ) throws(ViewError) {
        let head = source.head
        let current = try Self.newestPricer(source, head)
        var now = ViewFold(scope: Self.scope(current ?? Pricer(book: .empty, revision: 0), normalises))
        var then = ViewFold(scope: Self.scope(Pricer(book: proposed, revision: 0), normalises))
        while now.state.sequence < head {
            let through = min(head, now.state.sequence + 50_000)
            try ViewEngine.scan(source, from: now.state.sequence + 1, through: through) {
                sequence,
                record throws(ViewError) in
                try now.fold(sequence, record)
                try then.fold(sequence, record)
                return true
            }
            guard now.state.sequence == through else {
                throw ViewError(.gap, "the ledger ends at event \(now.state.sequence) but says \(head) is its head")
            }
            guard progress(ViewService.Progress(done: through, total: head)) else { return nil }
        }
        byModel = Self.rows([.model], now.state, then.state)
        byClient = Self.rows([.client], now.state, then.state, names)
        byMonth = Self.rows([.month], now.state, then.state).sorted { $0.name < $1.name }
        total = Self.rows([], now.state, then.state).first ?? Self.row("", Sums(), Sums())
        total.name = "total"
    }

    private static func scope(_ pricer: Pricer, _ normalises: Bool) -> ViewFold.Scope {
        var scope = ViewFold.Scope()
        scope.normalises = normalises
        scope.pinned = pricer
        return scope
    }

    /// Books are few and looked for by their kind byte, so this costs no decoding.
    private static func newestPricer(_ source: any RecordSource, _ head: UInt64) throws(ViewError) -> Pricer? {
        var through = head
        while through > 0 {
            let from = through > 50_000 ? through - 49_999 : 1
            var newest: UInt64?
            try ViewEngine.scan(source, from: from, through: through) { sequence, record throws(ViewError) in
                if record.count > 1, record[1] == EventKind.priceBookAdopted.rawValue { newest = sequence }
                return true
            }
            if let newest { return try ViewEngine.pricer(at: newest, source) }
            through = from - 1
        }
        return nil
    }

    private static func rows(
        _ by: [ReportQuery.Column],
        _ now: ViewState,
        _ then: ViewState,
        _ names: ClientNames = ClientNames()
    ) -> [Row] {
        var query = ReportQuery(by: by)
        query.names = names
        guard let old = Report(query, from: now), let new = Report(query, from: then) else { return [] }
        let proposed = Dictionary(new.rows.map { ($0.key, $0.sums) }, uniquingKeysWith: { first, _ in first })
        let rows = old.rows.map { row(row: $0, proposed[$0.key] ?? Sums()) }
        return rows.sorted {
            let left = $0.change.picodollars.magnitude
            let right = $1.change.picodollars.magnitude
            return left == right ? $0.name < $1.name : left > right
        }
    }

    private static func row(row: Report.Row, _ proposed: Sums) -> Row {
        Self.row(row.key.first ?? "", row.sums, proposed)
    }

    private static func row(_ name: String, _ now: Sums, _ then: Sums) -> Row {
        Row(
            name: name,
            requests: now.requests,
            charged: now.charged,
            current: now.restated,
            proposed: then.restated,
            currentUnpriced: now.restatedUnpriced,
            proposedUnpriced: then.restatedUnpriced
        )
    }

    /// The figures as JSON with exact decimal strings.
    public func render() -> [UInt8] {
        var json = JSONText()
        json.object { json in
            for (name, rows) in [("by_model", byModel), ("by_client", byClient), ("by_month", byMonth)] {
                json.key(text: name)
                json.array { json in for row in rows { Self.write(row, &json) } }
            }
            json.key("total")
            Self.write(total, &json)
        }
        json.append(0x0a)
        return json.bytes
    }

    private static func write(_ row: Row, _ json: inout JSONText) {
        json.object { json in
            json.key("name")
            json.string(row.name)
            json.key("requests")
            json.number(row.requests)
            json.key("charged_usd")
            json.string(row.charged.dollars)
            json.key("current_usd")
            json.string(row.current.dollars)
            json.key("proposed_usd")
            json.string(row.proposed.dollars)
            json.key("change_usd")
            json.string(row.change.dollars)
            json.key("current_unpriced")
            json.number(row.currentUnpriced)
            json.key("proposed_unpriced")
            json.number(row.proposedUnpriced)
        }
    }
}
