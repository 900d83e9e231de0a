extension PriceBook {
    /// The most rows of a book.
    public static let rowLimit = 20_000
    /// The most aliases of a row.
    package static let aliasLimit = 256
    /// The most context tiers of a row.
    package static let tierLimit = 8
    /// The most bytes of a name.
    package static let nameLimit = 256
    /// The most multipliers of a kind, and the most providers with fallbacks.
    package static let settingLimit = 10_000

    /// What tells rows for the same thing apart.
    struct RowKey: Hashable {
        var provider: String
        var kind: UInt8
        var text: String
        var effectiveFrom: Int64
        var conditions: PriceConditions
    }

    func validate() throws(PriceBookError) {
        guard rows.count <= Self.rowLimit else {
            throw PriceBookError(.tooMany, "There are \(rows.count) price rows; the most is \(Self.rowLimit).")
        }
        var owners: [RowKey: Int] = [:]
        for (index, row) in rows.enumerated() {
            do throws(PriceBookError) { try row.validate() } catch { throw error.at(row: index) }
            for key in row.keys {
                if let first = owners.updateValue(index, forKey: key), first != index {
                    throw PriceBookError(
                        .duplicateRow,
                        "\(row.provider) \(key.text) has the same date and conditions as row \(first); keep one of them.",
                        row: index
                    )
                }
            }
        }
        for table in [groupMultipliers, clientMultipliers] {
            guard table.count <= Self.settingLimit else {
                throw PriceBookError(
                    .tooMany,
                    "There are \(table.count) multipliers; the most is \(Self.settingLimit)."
                )
            }
            for name in table.keys { try Self.check(name: name, as: "name of a multiplier") }
        }
        guard fallbacks.count <= Self.settingLimit, fallbacks.values.allSatisfy({ $0.count <= 64 }) else {
            throw PriceBookError(.tooMany, "There are too many fallbacks; a provider may have 64.")
        }
        for (provider, others) in fallbacks {
            for name in [provider] + others { try Self.check(provider: name) }
        }
    }

    static func check(name: String, as role: String) throws(PriceBookError) {
        guard !name.isEmpty, name.utf8.count <= nameLimit,
            name.utf8.allSatisfy({ $0 > 0x20 && $0 != 0x7f })
        else {
            throw PriceBookError(
                .badText,
                "\"\(String(name.prefix(40)))\" cannot be a \(role): 1 to \(nameLimit) bytes without spaces or control characters."
            )
        }
    }

    static func check(provider: String) throws(PriceBookError) {
        try check(name: provider, as: "provider")
        guard provider == "*" || provider.utf8.allSatisfy({ !($0 >= 65 && $0 <= 90) && $0 != UInt8(ascii: "*") }) else {
            throw PriceBookError(
                .badText,
                "\"\(provider)\" cannot be a provider: write it in lower case, or * alone for any provider."
            )
        }
    }
}

extension PriceRow {
    /// What the row is for, once for each of its names.
    var keys: [PriceBook.RowKey] {
        let kind: UInt8 =
            switch match {
            case .exact: 0
            case .prefix: 1
            case .pattern: 2
            }
        let conditions = conditions.normalized
        return ([(kind, match.text)] + aliases.map { (UInt8(0), $0) }).map {
            PriceBook.RowKey(
                provider: provider,
                kind: $0.0,
                text: $0.1.asciiLowercased,
                effectiveFrom: effectiveFrom,
                conditions: conditions
            )
        }
    }

    func validate() throws(PriceBookError) {
        try PriceBook.check(provider: provider)
        try PriceBook.check(name: match.text, as: "model")
        if case .pattern(let text) = match, !text.contains("*") {
            throw PriceBookError(.badText, "The pattern \"\(text)\" has no *; make it an exact name.")
        }
        guard aliases.count <= PriceBook.aliasLimit, tiers.count <= PriceBook.tierLimit else {
            throw PriceBookError(
                .tooMany,
                "\(match.text) has \(aliases.count) aliases and \(tiers.count) tiers; the most is \(PriceBook.aliasLimit) and \(PriceBook.tierLimit)."
            )
        }
        for alias in aliases { try PriceBook.check(name: alias, as: "alias") }
        for name in [conditions.serviceTier, conditions.speed, conditions.region] {
            if let name { try PriceBook.check(name: name, as: "condition") }
        }
        if let window = conditions.window, !window.isValid {
            throw PriceBookError(.badDate, "\(match.text) has a time window that is no part of a day and week.")
        }
        // The years 0 to 9999, which every calendar routine can handle.
        guard (-62_167_219_200...253_402_300_799).contains(effectiveFrom) else {
            throw PriceBookError(.badDate, "\(match.text) begins at second \(effectiveFrom), which is no date.")
        }
        guard !prices.isEmpty else {
            throw PriceBookError(.emptyRow, "\(match.text) has no price; write 0 where something is free.")
        }
        var last: Int64 = 0
        for tier in tiers {
            guard tier.lowest > last, tier.threshold > 0 else {
                throw PriceBookError(
                    .unsortedTiers,
                    "\(match.text) has a tier at \(tier.threshold) tokens that does not come after the one before it."
                )
            }
            guard !tier.prices.isEmpty else {
                throw PriceBookError(.emptyRow, "\(match.text) has a tier at \(tier.threshold) tokens without a price.")
            }
            last = tier.lowest
        }
        for table in [prices] + tiers.map(\.prices) where table[.inputTool] != nil {
            throw PriceBookError(
                .badUnit,
                "\(match.text) has a price for tool input, which is priced as the input it is in."
            )
        }
        for (unit, minimum) in minimums where minimum < 1 || unit == .inputTool {
            throw PriceBookError(
                .badUnit,
                "\(match.text) has a minimum of \(minimum) for \(unit.priceKey); it must be above zero."
            )
        }
    }
}

extension PriceConditions.Window {
    var isValid: Bool {
        (0..<1440).contains(fromMinute) && (0...1440).contains(untilMinute) && weekdays > 0
            && weekdays <= Self.everyDay && fromMinute != untilMinute
    }
}
