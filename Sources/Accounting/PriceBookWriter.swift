/// Writes the parts of a price book's binary form.
struct PriceBookWriter {
    var bytes: [UInt8] = []

    mutating func integer(_ value: UInt64) {
        var rest = value
        while rest >= 0x80 {
            bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        bytes.append(UInt8(truncatingIfNeeded: rest))
    }

    mutating func signed(_ value: Int64) {
        integer(UInt64(bitPattern: (value << 1) ^ (value >> 63)))
    }

    mutating func text(_ value: String) {
        integer(UInt64(value.utf8.count))
        bytes.append(contentsOf: value.utf8)
    }

    mutating func optional(_ value: String?) { text(value ?? "") }

    mutating func list<Element>(_ elements: [Element], _ write: (inout PriceBookWriter, Element) -> Void) {
        integer(UInt64(elements.count))
        for element in elements { write(&self, element) }
    }

    mutating func prices(_ table: PriceTable) {
        integer(UInt64(table.mask))
        for rate in table.rates {
            var mantissa = UInt64(rate.mantissa)
            var zeros: UInt64 = 0
            while mantissa != 0, zeros < 15, mantissa % 10 == 0 {
                mantissa /= 10
                zeros += 1
            }
            integer(mantissa << 4 | zeros)
        }
    }

    mutating func row(_ row: PriceRow) {
        switch row.match {
        case .exact: bytes.append(0)
        case .prefix: bytes.append(1)
        case .pattern: bytes.append(2)
        }
        text(row.match.text)
        list(row.aliases) { $0.text($1) }
        signed(row.effectiveFrom)
        optional(row.conditions.serviceTier)
        optional(row.conditions.speed)
        optional(row.conditions.region)
        if let window = row.conditions.window {
            bytes.append(window.weekdays)
            integer(UInt64(clamping: window.fromMinute))
            integer(UInt64(clamping: window.untilMinute))
        } else {
            bytes.append(0)
        }
        prices(row.prices)
        list(row.tiers) { writer, tier in
            writer.integer(UInt64(clamping: tier.threshold))
            writer.bytes.append(tier.inclusive ? 1 : 0)
            writer.prices(tier.prices)
        }
        list(row.minimums.sorted { $0.key.rawValue < $1.key.rawValue }) { writer, entry in
            writer.bytes.append(entry.key.rawValue)
            writer.integer(UInt64(clamping: entry.value))
        }
    }
}
