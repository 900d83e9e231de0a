/// Reads the parts of a price book's binary form from bytes that may be anything.
struct PriceBookReader {
    let bytes: UnsafeRawBufferPointer
    private var position = 0

    init(bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

    var isAtEnd: Bool { position == bytes.count }

    func corrupt(_ what: String) -> PriceBookError {
        PriceBookError(.corrupt, "The stored price book is damaged near byte \(position): it has \(what).")
    }

    private func truncated() -> PriceBookError {
        PriceBookError(.truncated, "The stored price book ends early, after \(bytes.count) bytes.")
    }

    mutating func byte() throws(PriceBookError) -> UInt8 {
        guard position < bytes.count else { throw truncated() }
        defer { position += 1 }
        return bytes[position]
    }

    mutating func integer() throws(PriceBookError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let byte = try byte()
            let bits = UInt64(byte & 0x7f)
            guard shift < 63 || bits <= 1 else { throw corrupt("a number of more than 64 bits") }
            value |= bits << shift
            if byte & 0x80 == 0 { return value }
        }
        throw corrupt("a number of more than 64 bits")
    }

    mutating func signed() throws(PriceBookError) -> Int64 {
        let value = try integer()
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func positive() throws(PriceBookError) -> Int64 {
        guard let value = Int64(exactly: try integer()) else { throw corrupt("a number out of range") }
        return value
    }

    mutating func text() throws(PriceBookError) -> String {
        let count = try integer()
        guard count <= UInt64(PriceBook.nameLimit) else { throw corrupt("a name of \(count) bytes") }
        guard UInt64(bytes.count - position) >= count else { throw truncated() }
        let end = position + Int(count)
        guard let text = String(validating: bytes[position..<end], as: UTF8.self) else {
            throw corrupt("a name that is not UTF-8")
        }
        position = end
        return text
    }

    mutating func list<Element>(
        limit: Int,
        _ read: (inout PriceBookReader) throws(PriceBookError) -> Element
    ) throws(PriceBookError) -> [Element] {
        let count = try integer()
        guard count <= UInt64(limit) else { throw corrupt("a list of \(count) entries; the most is \(limit)") }
        var elements: [Element] = []
        // Every entry takes a byte at least, so a false count cannot make this reserve more than there are bytes.
        guard UInt64(bytes.count - position) >= count else { throw truncated() }
        elements.reserveCapacity(Int(count))
        for _ in 0..<count { elements.append(try read(&self)) }
        return elements
    }

    mutating func table<Value>(
        _ read: (inout PriceBookReader) throws(PriceBookError) -> Value
    ) throws(PriceBookError) -> [String: Value] {
        var table: [String: Value] = [:]
        let entries = try list(limit: PriceBook.settingLimit) { reader throws(PriceBookError) -> (String, Value) in
            (try reader.text(), try read(&reader))
        }
        for (name, value) in entries {
            guard table.updateValue(value, forKey: name) == nil else { throw corrupt("two entries for \(name)") }
        }
        return table
    }

    mutating func prices() throws(PriceBookError) -> PriceTable {
        let mask = try integer()
        guard mask >> UInt64(UsageUnit.allCases.count) == 0 else { throw corrupt("a price of an unknown unit") }
        var table = PriceTable()
        for unit in UsageUnit.allCases where mask & (1 << UInt64(unit.rawValue)) != 0 {
            let value = try integer()
            var mantissa = value >> 4
            for _ in 0..<(value & 15) {
                let (scaled, overflow) = mantissa.multipliedReportingOverflow(by: 10)
                guard !overflow else { throw corrupt("a price out of range") }
                mantissa = scaled
            }
            guard let exact = Int64(exactly: mantissa), let rate = Rate(mantissa: exact) else {
                throw corrupt("a price out of range")
            }
            table[unit] = rate
        }
        return table
    }

    private mutating func optional() throws(PriceBookError) -> String? {
        let value = try text()
        return value.isEmpty ? nil : value
    }

    mutating func row(provider: String) throws(PriceBookError) -> PriceRow {
        let kind = try byte()
        let name = try text()
        let match: PriceRow.ModelMatch
        switch kind {
        case 0: match = .exact(name)
        case 1: match = .prefix(name)
        case 2: match = .pattern(name)
        default: throw corrupt("an unknown kind of model name")
        }
        let aliases = try list(limit: PriceBook.aliasLimit) { reader throws(PriceBookError) in try reader.text() }
        let effectiveFrom = try signed()
        var conditions = PriceConditions(serviceTier: try optional(), speed: try optional(), region: try optional())
        let weekdays = try byte()
        if weekdays != 0 {
            let (from, until) = (try integer(), try integer())
            guard from <= 1440, until <= 1440 else { throw corrupt("a time out of range") }
            conditions.window = .init(fromMinute: Int(from), untilMinute: Int(until), weekdays: weekdays)
        }
        var row = PriceRow(
            provider: provider,
            match: match,
            aliases: aliases,
            effectiveFrom: effectiveFrom,
            conditions: conditions,
            prices: try prices()
        )
        row.tiers = try list(limit: PriceBook.tierLimit) { reader throws(PriceBookError) in
            let threshold = try reader.positive()
            let inclusive = try reader.byte()
            guard inclusive < 2 else { throw reader.corrupt("an unknown kind of tier") }
            return PriceRow.ContextTier(above: threshold, inclusive: inclusive == 1, prices: try reader.prices())
        }
        let minimums = try list(limit: 32) { reader throws(PriceBookError) -> (UInt8, Int64) in
            (try reader.byte(), try reader.positive())
        }
        for (raw, minimum) in minimums {
            guard let unit = UsageUnit(rawValue: raw), row.minimums.updateValue(minimum, forKey: unit) == nil else {
                throw corrupt("a minimum of an unknown unit")
            }
        }
        return row
    }
}
