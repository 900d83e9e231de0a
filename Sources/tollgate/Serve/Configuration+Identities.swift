import Accounting
import Events
import Ledger
import Settings

extension Configuration {
    /// The configuration as requests are served and recorded by it: with the ids of clients in place of their names, and
    /// what ids of keys are derived with. Allots ids to new clients. Blocking.
    func recorded(by identities: Identities) throws(LedgerError) -> Configuration {
        let ids = try identities.ids(for: clients.map(\.name), now: WallClock.now())
        var recorded = self
        for index in clients.indices { recorded.clients[index].name = ids[clients[index].name] ?? clients[index].name }
        recorded.keySalt = identities.salt
        return recorded
    }
}

extension PriceBook {
    /// The book as it is recorded: with the ids of clients in place of their names.
    ///
    /// - Parameters:
    ///   - ids: the ids by name; a name without one stays.
    ///   - literal: names that older events hold themselves, which are priced by them and so are kept beside the id.
    ///   - forgotten: factors of clients whose names are gone: what was agreed with them still prices their history.
    func recorded(
        ids: [String: String],
        literal: Set<String>,
        forgotten: [String: Multiplier]
    ) throws(PriceBookError) -> PriceBook {
        guard !clientMultipliers.isEmpty || !forgotten.isEmpty else { return self }
        var factors = forgotten
        for (name, factor) in clientMultipliers {
            factors[ids[name] ?? name] = factor
            if literal.contains(name) { factors[name] = factor }
        }
        return try with(clientMultipliers: factors)
    }

    /// The book as an operator reads and writes it: with the names of clients as far as they are known.
    func shown(by names: ClientNames) -> PriceBook {
        var factors: [String: Multiplier] = [:]
        for (stored, factor) in clientMultipliers { factors[names.shown(stored)] = factor }
        // Fewer factors with other names cannot make a valid book invalid.
        return (try? with(clientMultipliers: factors)) ?? self
    }
}
