/// Prices usages by one book. Immutable; safe to use from any thread.
public final class Pricer: Sendable {
    /// The book.
    public let book: PriceBook
    /// The revision that costs carry.
    public let revision: UInt32

    /// Prepares a book for use.
    public init(book: PriceBook, revision: UInt32) {
        self.book = book
        self.revision = revision
    }

    /// What a usage costs.
    public func cost(of usage: Usage, for query: PriceQuery) -> Cost {
        cost(of: usage, resolved: resolve(query), query: query)
    }

    /// The rows for a model, of all dates and conditions, for use with ``cost(of:resolved:query:)``: a rebuild resolves
    /// each (provider, reported, sent) once and prices millions of events with it. Nil when no row matches.
    public func resolve(provider: String, modelReported: String?, modelSent: String?) -> ResolvedPrices? { nil }

    /// What a usage costs by rows that were resolved by this pricer; the query's models are not looked at.
    public func cost(of usage: Usage, resolved: ResolvedPrices?, query: PriceQuery) -> Cost {
        Cost(state: .unpriced, priceBook: revision)
    }

    /// What a usage costs, line by line.
    public func lines(of usage: Usage, for query: PriceQuery) -> Quote {
        Quote(cost: cost(of: usage, for: query), lines: [])
    }

    func resolve(_ query: PriceQuery) -> ResolvedPrices? {
        resolve(provider: query.provider, modelReported: query.modelReported, modelSent: query.modelSent)
    }
}

/// The rows of a book for one model, made by ``Pricer/resolve(provider:modelReported:modelSent:)``.
public final class ResolvedPrices: Sendable {
}
