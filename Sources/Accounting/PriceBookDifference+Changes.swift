extension PriceBookDifference {
    /// One figure of a row that differs between two books.
    public struct Detail: Equatable, Sendable {
        /// What it is: `input`, `input above 200000`, `minimum audio_input_ms`, `aliases`.
        public var name: String
        /// What the old book says, in the form of a price book's file; nil when it says nothing.
        public var old: String?
        /// What the new book says; nil when it says nothing.
        public var new: String?
    }

    /// How many rows there are of each kind, in words.
    public var tally: String {
        "\(added.count) added, \(removed.count) removed, \(changed.count) changed"
            + (settingsChanged ? ", settings changed" : "")
    }
}

extension PriceBookDifference.Change {
    /// What differs, prices first.
    public var details: [PriceBookDifference.Detail] {
        var details = Self.compare(old.prices, new.prices, suffix: "")
        let steps = Set(old.tiers.map(Step.init)).union(new.tiers.map(Step.init))
        for step in steps.sorted(by: { ($0.threshold, $1.inclusive ? 1 : 0) < ($1.threshold, $0.inclusive ? 1 : 0) }) {
            details += Self.compare(
                old.tiers.first { Step($0) == step }?.prices ?? PriceTable(),
                new.tiers.first { Step($0) == step }?.prices ?? PriceTable(),
                suffix: step.inclusive ? " from \(step.threshold)" : " above \(step.threshold)"
            )
        }
        for unit in UsageUnit.allCases where old.minimums[unit] != new.minimums[unit] {
            details.append(
                .init(
                    name: "minimum " + unit.minimumKey,
                    old: old.minimums[unit].map(String.init),
                    new: new.minimums[unit].map(String.init)
                )
            )
        }
        if old.aliases != new.aliases {
            details.append(.init(name: "aliases", old: Self.list(old.aliases), new: Self.list(new.aliases)))
        }
        return details
    }

    private struct Step: Hashable {
        let threshold: Int64
        let inclusive: Bool

        init(_ tier: PriceRow.ContextTier) { (threshold, inclusive) = (tier.threshold, tier.inclusive) }
    }

    private static func compare(_ old: PriceTable, _ new: PriceTable, suffix: String) -> [PriceBookDifference.Detail] {
        UsageUnit.allCases.compactMap { unit in
            guard old[unit] != new[unit] else { return nil }
            return .init(name: unit.priceKey + suffix, old: old[unit]?.text, new: new[unit]?.text)
        }
    }

    private static func list(_ names: [String]) -> String? { names.isEmpty ? nil : names.joined(separator: " ") }
}
