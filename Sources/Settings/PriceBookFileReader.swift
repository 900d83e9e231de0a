import Accounting
import Yams

/// Turns the nodes of a YAML file into a price book.
struct PriceBookFileReader {
    let name: String

    private static let unitKeys: [String] =
        UsageUnit.allCases.filter { $0 != .inputTool && $0.priceQuantity != .perUse }.map(\.priceKey) + ["cache_write"]
    private static let useKeys: [String] = UsageUnit.allCases.filter { $0.priceQuantity == .perUse }.map(\.priceKey)
    static let days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

    func error(_ node: Node?, _ message: String) -> PriceBookFileError {
        PriceBookFileError(name: name, line: node?.mark?.line, message: message)
    }

    func book(_ root: Node) throws(PriceBookFileError) -> PriceBook {
        let top = try mapping(root, of: "the file", keys: ["extends", "rows", "fallbacks", "multipliers", "currency"])
        if let currency = top["currency"] {
            let text = try text(currency, "currency")
            guard text == "USD" else { throw error(currency, "The currency is \"\(text)\"; only USD is known.") }
        }
        var rows: [PriceRow] = []
        var nodes: [Node] = []
        if let list = top["rows"] {
            for node in try sequence(list, "rows") {
                rows.append(try row(node))
                nodes.append(node)
            }
        }
        var fallbacks: [String: [String]] = [:]
        if let node = top["fallbacks"] {
            for (key, value) in try entries(node, "fallbacks") { fallbacks[key] = try texts(value, "fallbacks") }
        }
        var multipliers: [String: [String: Multiplier]] = [:]
        if let node = top["multipliers"] {
            for (kind, table) in try mapping(node, of: "multipliers", keys: ["groups", "clients"]) {
                for (key, value) in try entries(table, kind) {
                    let text = try text(value, key)
                    multipliers[kind, default: [:]][key] = try checked(value) { () throws(PriceBookError) in
                        try Multiplier(text)
                    }
                }
            }
        }
        let base = try top["extends"].map { (node) throws(PriceBookFileError) in try extended(node) }
        do throws(PriceBookError) {
            let book = try PriceBook(
                rows: rows,
                fallbacks: fallbacks,
                groupMultipliers: multipliers["groups"] ?? [:],
                clientMultipliers: multipliers["clients"] ?? [:]
            )
            return try base?.overlaid(by: book) ?? book
        } catch {
            let node = error.row.flatMap { nodes.indices.contains($0) ? nodes[$0] : nil }
            throw self.error(node, error.message)
        }
    }

    /// The book that the file's rows are laid over.
    private func extended(_ node: Node) throws(PriceBookFileError) -> PriceBook {
        let text = try text(node, "extends")
        guard text == "built-in" else {
            throw error(node, "\"\(text)\" is no book to extend; write `extends: built-in` or leave it out.")
        }
        return .builtIn
    }

    private func row(_ node: Node) throws(PriceBookFileError) -> PriceRow {
        let keys = ["provider", "model", "aliases", "effective_from", "when", "per_use", "tiers", "minimum"]
        let fields = try mapping(node, of: "a row", keys: keys + Self.unitKeys)
        guard let provider = fields["provider"] else { throw error(node, "The row has no provider.") }
        guard let model = fields["model"] else { throw error(node, "The row has no model.") }
        var row = PriceRow(
            provider: try text(provider, "provider"),
            match: try match(model),
            prices: try prices(fields)
        )
        if let aliases = fields["aliases"] { row.aliases = try texts(aliases, "aliases") }
        if let date = fields["effective_from"] {
            let text = try text(date, "effective_from")
            guard let seconds = PriceDate.parse(text) else {
                throw error(
                    date,
                    "\"\(text)\" is not a date; write 2026-10-14 or 2026-10-14T16:30:00Z, in UTC."
                )
            }
            row.effectiveFrom = seconds
        }
        if let conditions = fields["when"] { row.conditions = try self.conditions(conditions) }
        if let tiers = fields["tiers"] {
            for tier in try sequence(tiers, "tiers") { row.tiers.append(try self.tier(tier)) }
        }
        if let minimum = fields["minimum"] {
            let known = UsageUnit.allCases.filter { $0 != .inputTool }
            let table = try mapping(minimum, of: "minimum", keys: known.map(\.minimumKey))
            for unit in known {
                guard let value = table[unit.minimumKey] else { continue }
                row.minimums[unit] = try integer(value, unit.minimumKey)
            }
        }
        return row
    }

    private func match(_ node: Node) throws(PriceBookFileError) -> PriceRow.ModelMatch {
        if case .scalar = node {
            let text = try text(node, "model")
            return text.contains("*") ? .pattern(text) : .exact(text)
        }
        let kinds = try mapping(node, of: "model", keys: ["exact", "prefix", "pattern"])
        guard kinds.count == 1, let (kind, value) = kinds.first else {
            throw error(node, "A model is a name, or one of {exact: ...}, {prefix: ...}, {pattern: ...}.")
        }
        let text = try text(value, kind)
        return kind == "prefix" ? .prefix(text) : kind == "pattern" ? .pattern(text) : .exact(text)
    }

    private func prices(_ fields: [String: Node]) throws(PriceBookFileError) -> PriceTable {
        var table = PriceTable()
        for key in Self.unitKeys {
            guard let node = fields[key], let unit = UsageUnit(priceKey: key) else { continue }
            guard table[unit] == nil else {
                throw error(node, "\"\(key)\" and \"\(unit.priceKey)\" are the same; keep one.")
            }
            table[unit] = try rate(node, key)
        }
        if let node = fields["per_use"] {
            for (key, value) in try mapping(node, of: "per_use", keys: Self.useKeys) {
                if let unit = UsageUnit(priceKey: key) { table[unit] = try rate(value, key) }
            }
        }
        return table
    }

    private func tier(_ node: Node) throws(PriceBookFileError) -> PriceRow.ContextTier {
        let fields = try mapping(node, of: "a tier", keys: ["above", "inclusive", "per_use"] + Self.unitKeys)
        guard let above = fields["above"] else {
            throw error(node, "The tier has no `above`, the input tokens it is for.")
        }
        var inclusive = false
        if let flag = fields["inclusive"] { inclusive = try boolean(flag, "inclusive") }
        return PriceRow.ContextTier(
            above: try integer(above, "above"),
            inclusive: inclusive,
            prices: try prices(fields)
        )
    }

    private func conditions(_ node: Node) throws(PriceBookFileError) -> PriceConditions {
        let keys = ["service_tier", "batch", "speed", "region", "from", "until", "days"]
        let fields = try mapping(node, of: "when", keys: keys)
        var conditions = PriceConditions()
        if let tier = fields["service_tier"] { conditions.serviceTier = try text(tier, "service_tier") }
        if let batch = fields["batch"] {
            guard conditions.serviceTier == nil, try boolean(batch, "batch") else {
                throw error(batch, "`batch` is true or left out, and stands for `service_tier: batch`.")
            }
            conditions.serviceTier = "batch"
        }
        if let speed = fields["speed"] { conditions.speed = try text(speed, "speed") }
        if let region = fields["region"] { conditions.region = try text(region, "region") }
        guard fields["from"] != nil || fields["until"] != nil || fields["days"] != nil else { return conditions }
        var window = PriceConditions.Window()
        if let from = fields["from"] { window.fromMinute = try minute(from) }
        if let until = fields["until"] { window.untilMinute = try minute(until) }
        if let days = fields["days"] {
            window.weekdays = 0
            for day in try texts(days, "days") {
                guard let index = Self.days.firstIndex(of: day) else {
                    throw error(days, "\"\(day)\" is not a day; write \(Self.days.joined(separator: ", ")).")
                }
                window.weekdays |= 1 << UInt8(index)
            }
        }
        conditions.window = window
        return conditions
    }

    private func minute(_ node: Node) throws(PriceBookFileError) -> Int {
        let text = try text(node, "time")
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ $0.utf8.count == 2 }), let hour = UInt8(parts[0]),
            let minute = UInt8(parts[1]), minute < 60, hour < 24 || (hour == 24 && minute == 0)
        else { throw error(node, "\"\(text)\" is not a time of day; write \"16:30\", in UTC and in quotes.") }
        return Int(hour) * 60 + Int(minute)
    }

    private func rate(_ node: Node, _ key: String) throws(PriceBookFileError) -> Rate {
        let text = try text(node, key)
        return try checked(node) { () throws(PriceBookError) in try Rate(text) }
    }

    private func checked<Value>(
        _ node: Node,
        _ body: () throws(PriceBookError) -> Value
    ) throws(PriceBookFileError) -> Value {
        do throws(PriceBookError) { return try body() } catch { throw self.error(node, error.message) }
    }
}
