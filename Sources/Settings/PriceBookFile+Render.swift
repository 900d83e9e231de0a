public import Accounting

extension PriceBookFile {
    /// The YAML form of a book, which loads back to an equal book.
    public static func render(_ book: PriceBook) -> String {
        var lines = [
            "# Dollars per million tokens or characters, per use, or per hour. Times are UTC.", "currency: USD",
        ]
        if !book.fallbacks.isEmpty {
            lines.append("fallbacks:")
            for (provider, others) in book.fallbacks.sorted(by: { $0.key < $1.key }) {
                lines.append("  \(quoted(provider)): [\(others.map(quoted).joined(separator: ", "))]")
            }
        }
        let multipliers = [("groups", book.groupMultipliers), ("clients", book.clientMultipliers)]
        if multipliers.contains(where: { !$0.1.isEmpty }) {
            lines.append("multipliers:")
            for (kind, table) in multipliers where !table.isEmpty {
                lines.append("  \(kind):")
                lines += table.sorted { $0.key < $1.key }.map { "    \(quoted($0.key)): \($0.value.text)" }
            }
        }
        guard !book.rows.isEmpty else { return lines.joined(separator: "\n") + "\nrows: []\n" }
        lines.append("rows:")
        for row in book.rows { lines += render(row) }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func render(_ row: PriceRow) -> [String] {
        var lines = ["  - provider: \(quoted(row.provider))"]
        switch row.match {
        case .exact(let text) where !text.contains("*"): lines.append("    model: \(quoted(text))")
        case .exact(let text): lines.append("    model: {exact: \(quoted(text))}")
        case .prefix(let text): lines.append("    model: {prefix: \(quoted(text))}")
        case .pattern(let text): lines.append("    model: {pattern: \(quoted(text))}")
        }
        if !row.aliases.isEmpty { lines.append("    aliases: [\(row.aliases.map(quoted).joined(separator: ", "))]") }
        if row.effectiveFrom != 0, let date = PriceDate.text(row.effectiveFrom) {
            lines.append("    effective_from: \(quoted(date))")
        }
        let conditions = render(row.conditions)
        if !conditions.isEmpty { lines.append("    when: {\(conditions.joined(separator: ", "))}") }
        let (prices, uses) = split(row.prices)
        lines += prices.map { "    \($0)" }
        if !uses.isEmpty { lines.append("    per_use: {\(uses.joined(separator: ", "))}") }
        if !row.tiers.isEmpty { lines.append("    tiers:") }
        for tier in row.tiers {
            var fields = ["above: \(tier.threshold)"]
            if tier.inclusive { fields.append("inclusive: true") }
            let (prices, uses) = split(tier.prices)
            fields += prices
            if !uses.isEmpty { fields.append("per_use: {\(uses.joined(separator: ", "))}") }
            lines.append("      - {\(fields.joined(separator: ", "))}")
        }
        if !row.minimums.isEmpty {
            let minimums = row.minimums.sorted { $0.key.rawValue < $1.key.rawValue }
                .map { "\($0.key.minimumKey): \($0.value)" }
            lines.append("    minimum: {\(minimums.joined(separator: ", "))}")
        }
        return lines
    }

    private static func render(_ conditions: PriceConditions) -> [String] {
        var fields: [String] = []
        for (key, value) in [
            ("service_tier", conditions.serviceTier), ("speed", conditions.speed), ("region", conditions.region),
        ] {
            if let value { fields.append("\(key): \(quoted(value))") }
        }
        if let window = conditions.window {
            fields.append("from: \"\(time(window.fromMinute))\"")
            fields.append("until: \"\(time(window.untilMinute))\"")
            if window.weekdays != PriceConditions.Window.everyDay {
                let names = PriceBookFileReader.days.enumerated().filter {
                    window.weekdays & (1 << UInt8($0.offset)) != 0
                }
                fields.append("days: [\(names.map(\.element).joined(separator: ", "))]")
            }
        }
        return fields
    }

    private static func split(_ table: PriceTable) -> (prices: [String], uses: [String]) {
        var result: (prices: [String], uses: [String]) = ([], [])
        for unit in table.units {
            guard let rate = table[unit] else { continue }
            if unit.priceQuantity == .perUse {
                result.uses.append("\(unit.priceKey): \(rate.text)")
            } else {
                result.prices.append("\(unit.priceKey): \(rate.text)")
            }
        }
        return result
    }

    private static func time(_ minute: Int) -> String {
        "\(PriceDate.padded(Int64(minute / 60), 2)):\(PriceDate.padded(Int64(minute % 60), 2))"
    }

    /// Text in double quotes, unless it is a plain word that no YAML reader takes for anything else.
    private static func quoted(_ text: String) -> String {
        let reserved: Set<String> = ["true", "false", "null", "yes", "no", "on", "off", "y", "n"]
        let isPlain =
            text.utf8.first.map { ($0 | 0x20) >= 97 && ($0 | 0x20) <= 122 } == true
            && text.utf8.allSatisfy {
                ($0 >= 48 && $0 <= 57) || (($0 | 0x20) >= 97 && ($0 | 0x20) <= 122) || $0 == 45 || $0 == 46 || $0 == 47
                    || $0 == 95
            } && !reserved.contains(text.lowercased())
        guard !isPlain else { return text }
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _
            where scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value) || scalar.value == 0x2028
                || scalar.value == 0x2029 || scalar.value == 0xfeff || scalar.value >= 0xfff0:
                let hex = String(scalar.value, radix: 16, uppercase: true)
                result += "\\U" + String(repeating: "0", count: 8 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
