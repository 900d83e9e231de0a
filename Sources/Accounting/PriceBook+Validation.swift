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
        for (index, row) in rows.enumerated() {
            do throws(PriceBookError) { try row.validate() } catch { throw error.at(row: index) }
        }
        try checkDuplicates()
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

    /// Throws when two rows are for the same thing.
    ///
    /// Books are read at every start, and almost never have such rows: only rows with names whose hashes are equal are
    /// looked at closely.
    private func checkDuplicates() throws(PriceBookError) {
        var names: [(hash: UInt64, row: Int)] = []
        names.reserveCapacity(rows.count * 2)
        for (index, row) in rows.enumerated() { row.forEachNameHash { names.append(($0, index)) } }
        names.sort { $0 < $1 }
        var suspects: Set<Int> = []
        for (one, next) in zip(names, names.dropFirst()) where one.hash == next.hash {
            suspects.formUnion([one.row, next.row])
        }
        var owners: [RowKey: Int] = [:]
        for index in suspects.sorted() {
            for key in rows[index].keys {
                guard let first = owners.updateValue(index, forKey: key), first != index else { continue }
                throw PriceBookError(
                    .duplicateRow,
                    "\(rows[index].provider) \(key.text) has the same date and conditions as row \(first); keep one of them.",
                    row: index
                )
            }
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
    /// Calls a closure with a hash for each name of the row; rows for the same thing have equal ones.
    fileprivate func forEachNameHash(_ body: (UInt64) -> Void) {
        var hash = RowHash()
        hash.add(provider)
        hash.add(UInt64(bitPattern: effectiveFrom))
        if conditions.count > 0 {
            let conditions = conditions.normalized
            for text in [conditions.serviceTier, conditions.speed, conditions.region] { hash.add(text ?? "") }
            if let window = conditions.window {
                hash.add(UInt64(truncatingIfNeeded: window.fromMinute << 32 | window.untilMinute << 8))
                hash.add(UInt64(window.weekdays))
            }
        }
        var own = hash
        switch match {
        case .exact: own.add(UInt64(0))
        case .prefix: own.add(UInt64(1))
        case .pattern: own.add(UInt64(2))
        }
        own.add(match.text)
        body(own.value)
        hash.add(UInt64(0))
        for alias in aliases {
            var own = hash
            own.add(alias)
            body(own.value)
        }
    }

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

/// FNV-1a over texts in lower case (ASCII) and numbers.
private struct RowHash {
    private(set) var value: UInt64 = 0xcbf2_9ce4_8422_2325

    mutating func add(_ text: String) {
        for byte in text.utf8 { mix(byte >= 65 && byte <= 90 ? byte | 0x20 : byte) }
        mix(0)
    }

    mutating func add(_ number: UInt64) {
        value = (value ^ number) &* 0x0000_0100_0000_01b3
        value ^= value >> 29
    }

    private mutating func mix(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x0000_0100_0000_01b3 }
}
