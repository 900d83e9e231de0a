extension PriceBook {
    private static let version: UInt8 = 1

    /// The canonical binary form: a version byte, then the content. Equal books have equal bytes.
    ///
    /// Integers are LEB128, text is its length and UTF-8, a price is its mantissa without trailing zeros, shifted left
    /// by four, and the number of those zeros.
    public func encode() -> [UInt8] {
        var writer = PriceBookWriter()
        writer.bytes.append(Self.version)
        let providers = Set(rows.map(\.provider)).sorted()
        let places = Dictionary(uniqueKeysWithValues: providers.enumerated().map { ($1, $0) })
        writer.list(providers) { $0.text($1) }
        writer.list(rows) { writer, row in
            writer.integer(UInt64(places[row.provider] ?? 0))
            writer.row(row)
        }
        writer.list(fallbacks.sorted { $0.key < $1.key }) { writer, entry in
            writer.text(entry.key)
            writer.list(entry.value) { $0.text($1) }
        }
        for table in [groupMultipliers, clientMultipliers] {
            writer.list(table.sorted { $0.key < $1.key }) { writer, entry in
                writer.text(entry.key)
                writer.integer(UInt64(entry.value.mantissa))
            }
        }
        return writer.bytes
    }

    /// A book from its binary form.
    ///
    /// - Parameter isValid: whether the bytes are known to be those of a valid book; that takes a third of the time.
    /// - Throws: `PriceBookError` when the bytes end early, are no valid price book or one of a later version.
    public init(decoding bytes: UnsafeRawBufferPointer, isValid: Bool = false) throws(PriceBookError) {
        var reader = PriceBookReader(bytes: bytes)
        let version = try reader.byte()
        guard version == Self.version else {
            throw PriceBookError(
                .unknownVersion,
                "The price book has format version \(version); this program reads version \(Self.version)."
            )
        }
        let providers = try reader.list(limit: Self.rowLimit) { reader throws(PriceBookError) in try reader.text() }
        let rows = try reader.list(limit: Self.rowLimit) { reader throws(PriceBookError) in
            let place = try reader.integer()
            guard place < UInt64(providers.count) else { throw reader.corrupt("a provider that is not listed") }
            return try reader.row(provider: providers[Int(place)])
        }
        let fallbacks = try reader.table { reader throws(PriceBookError) in
            try reader.list(limit: 64) { reader throws(PriceBookError) in try reader.text() }
        }
        var multipliers: [[String: Multiplier]] = []
        for _ in 0..<2 {
            multipliers.append(
                try reader.table { reader throws(PriceBookError) in
                    let value = try reader.integer()
                    guard let mantissa = Int64(exactly: value), let multiplier = Multiplier(mantissa: mantissa) else {
                        throw reader.corrupt("a multiplier out of range")
                    }
                    return multiplier
                }
            )
        }
        guard reader.isAtEnd else { throw reader.corrupt("bytes after its end") }
        guard !isValid else {
            self.init(valid: rows, fallbacks, multipliers[0], multipliers[1])
            return
        }
        try self.init(
            rows: rows,
            fallbacks: fallbacks,
            groupMultipliers: multipliers[0],
            clientMultipliers: multipliers[1]
        )
    }
}
