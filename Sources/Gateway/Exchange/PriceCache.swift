internal import Accounting

/// The prices of the models that were asked for lately, so that a request costs one look-up instead of a search
/// through the book. Confined to one event loop.
struct PriceCache {
    private struct Key: Hashable {
        let provider: String
        let modelReported: String?
        let modelSent: String?
    }

    var pricer: Pricer {
        didSet {
            resolved.removeAll(keepingCapacity: true)
            latest = nil
        }
    }

    /// A value of nil says that the book has no row.
    private var resolved: [Key: ResolvedPrices?] = [:]
    /// The last look-up: most requests in a row ask for the same model, and comparing is cheaper than hashing.
    private var latest: (key: Key, prices: ResolvedPrices?)?

    /// Model names come from outside: beyond this many the cache starts anew.
    private static let limit = 1024

    init(_ pricer: Pricer) { self.pricer = pricer }

    /// What a usage costs.
    mutating func cost(of usage: Usage, for query: PriceQuery) -> Cost {
        let key = Key(provider: query.provider, modelReported: query.modelReported, modelSent: query.modelSent)
        if let latest, latest.key == key { return pricer.cost(of: usage, resolved: latest.prices, query: query) }
        if let known = resolved[key] {
            latest = (key, known)
            return pricer.cost(of: usage, resolved: known, query: query)
        }
        let found = pricer.resolve(
            provider: query.provider,
            modelReported: query.modelReported,
            modelSent: query.modelSent
        )
        if resolved.count >= Self.limit { resolved.removeAll(keepingCapacity: true) }
        resolved[key] = .some(found)
        latest = (key, found)
        return pricer.cost(of: usage, resolved: found, query: query)
    }
}
