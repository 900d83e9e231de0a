import Synchronization

/// Prices usages by one book. Immutable; safe to use from any thread.
///
/// A cost is the exact sum of counts × prices, rounded once to the picodollar, half to even. An amount that does not
/// fit is ``Cost/State/unpriced``.
public final class Pricer: Sendable {
    /// The revision that costs carry.
    public let revision: UInt32
    private let index: PriceIndex
    private let groupMultipliers: [String: Multiplier]
    /// The factors on the costs of clients, by name or id.
    public let clientMultipliers: [String: Multiplier]
    private let known = Mutex<[Names: ResolvedPrices?]>([:])

    /// What rows are looked for by.
    private struct Names: Hashable {
        var provider: String
        var reported: String?
        var sent: String?
    }

    /// Models that are remembered; when there are more, all are forgotten.
    private static let knownLimit = 1024

    /// Prepares a book for use.
    public init(book: PriceBook, revision: UInt32) {
        self.revision = revision
        index = PriceIndex(book)
        groupMultipliers = book.groupMultipliers
        clientMultipliers = book.clientMultipliers
    }

    /// A row of the book; nil when there is none of that index.
    public func row(_ index: UInt32) -> PriceRow? { self.index.rows[index] }

    /// What a usage costs.
    public func cost(of usage: Usage, for query: PriceQuery) -> Cost {
        cost(of: usage, resolved: resolve(query), query: query)
    }

    /// The rows for a model, of all dates and conditions, for use with ``cost(of:resolved:query:)``: a rebuild resolves
    /// each (provider, reported, sent) once and prices millions of events with it. Nil when no row matches.
    ///
    /// The reported model decides; rows for the one that was sent come after its rows.
    public func resolve(provider: String, modelReported: String?, modelSent: String?) -> ResolvedPrices? {
        let names = Names(provider: provider, reported: modelReported, sent: modelSent)
        if let resolved = known.withLock({ $0[names] }) { return resolved }
        var found: [PriceIndex.Candidate] = []
        for model in [modelReported, modelSent] {
            guard let model else { continue }
            for row in index.candidates(provider: provider, model: model)
            where !found.contains(where: { $0.index == row.index }) {
                found.append(row)
            }
        }
        let resolved =
            found.isEmpty ? nil : ResolvedPrices(rows: found.map { CompiledRow($0.row, index: Int($0.index)) })
        // Names come from outside: what is remembered is bounded in number, and long names are not remembered.
        guard provider.utf8.count + (modelReported?.utf8.count ?? 0) + (modelSent?.utf8.count ?? 0) < 1024 else {
            return resolved
        }
        known.withLock { known in
            if known.count >= Self.knownLimit { known.removeAll() }
            known[names] = .some(resolved)
        }
        return resolved
    }

    /// What a usage costs by rows that were resolved by this pricer; the query's models are not looked at.
    public func cost(of usage: Usage, resolved: ResolvedPrices?, query: PriceQuery) -> Cost {
        let row = resolved?.row(for: usage, microseconds: query.time)
        var sum = CostSum()
        usage.counts.withCountsByUnit { sum.charge($0, by: row, isRequest: true) }
        for item in usage.additional {
            let row = self.row(for: item, main: row, usage: usage, query: query)
            item.counts.withCountsByUnit { sum.charge($0, by: row, isRequest: false) }
        }
        return cost(sum, row: row?.index, multipliers: multipliers(group: query.group, client: query.client))
    }

    /// The same for counts that lie in a buffer, without any work on other models: what a fold over millions of events
    /// asks.
    ///
    /// - Parameters:
    ///   - tier: What the response said of its service tier; only looked at where the rows look at conditions.
    ///   - speed: The same of its speed.
    ///   - region: The same of its region.
    ///   - microseconds: When the request started, since 1970 (UTC).
    ///   - multipliers: Those of ``multipliers(group:client:)``.
    package func cost(
        of counts: CountsByUnit,
        resolved: ResolvedPrices?,
        tier: String?,
        speed: String?,
        region: String?,
        microseconds: Int64,
        multipliers: [Multiplier]
    ) -> Cost {
        let row = resolved?.row(tier: tier, speed: speed, region: region, microseconds: microseconds)
        var sum = CostSum()
        sum.charge(counts, by: row, isRequest: true)
        return cost(sum, row: row?.index, multipliers: multipliers)
    }

    /// The factors on the cost of requests through a group and of a client.
    package func multipliers(group: String, client: String) -> [Multiplier] {
        var multipliers: [Multiplier] = []
        if !groupMultipliers.isEmpty, let factor = groupMultipliers[group] { multipliers.append(factor) }
        if !clientMultipliers.isEmpty, let factor = clientMultipliers[client] { multipliers.append(factor) }
        return multipliers
    }

    /// What a usage costs, line by line.
    public func lines(of usage: Usage, for query: PriceQuery) -> Quote {
        let resolved = resolve(query)
        let main = resolved?.row(for: usage, microseconds: query.time)
        var lines =
            main?.lines(usage.counts, model: nil, isRequest: true) ?? Quote.Line.unpriced(usage.counts, model: nil)
        for item in usage.additional {
            let row = row(for: item, main: main, usage: usage, query: query)
            lines +=
                row?.lines(item.counts, model: item.model, isRequest: false)
                ?? Quote.Line.unpriced(item.counts, model: item.model)
        }
        return Quote(cost: cost(of: usage, resolved: resolved, query: query), lines: lines)
    }

    private func resolve(_ query: PriceQuery) -> ResolvedPrices? {
        resolve(provider: query.provider, modelReported: query.modelReported, modelSent: query.modelSent)
    }

    private func row(
        for item: Usage.Additional,
        main: CompiledRow?,
        usage: Usage,
        query: PriceQuery
    ) -> CompiledRow? {
        guard let model = item.model else { return main }
        return resolve(provider: query.provider, modelReported: model, modelSent: nil)?
            .row(for: usage, microseconds: query.time)
    }

    /// The factors of the group and the client on the whole cost.
    package func multipliers(for query: PriceQuery) -> [Multiplier] {
        multipliers(group: query.group, client: query.client)
    }

    private func cost(_ sum: CostSum, row: UInt32?, multipliers: [Multiplier]) -> Cost {
        guard sum.hasCounts else { return Cost(state: .none, priceBook: revision) }
        guard !sum.isUnpriced else { return Cost(state: .unpriced, priceBook: revision, row: row) }
        guard let amount = sum.picodollars(multipliers: multipliers) else {
            return Cost(state: .unpriced, priceBook: revision, row: row)
        }
        guard sum.isPositive, multipliers.allSatisfy({ $0.mantissa > 0 }) else {
            return Cost(state: .free, priceBook: revision, row: row)
        }
        return Cost(state: .priced, amount: Money(picodollars: amount), priceBook: revision, row: row)
    }
}

extension CostSum {
    /// Adds what counts cost by a row; without one, what was used leaves the cost unknown.
    @inline(__always)
    fileprivate mutating func charge(_ counts: CountsByUnit, by row: CompiledRow?, isRequest: Bool) {
        if let row { return row.charge(counts, isRequest: isRequest, to: &self) }
        let isUsed = counts.isUsed
        hasCounts = hasCounts || isUsed
        isUnpriced = isUnpriced || isUsed
    }
}
