/// The rows of a book in their binary form, read one at a time.
///
/// A book of some thousand rows takes a few hundred kilobytes so; the same rows as values take ten times that. Rows are
/// read when a model is resolved, which is remembered.
struct PackedRows: Sendable {
    private let bytes: [UInt8]
    private let offsets: [UInt32]
    private let providers: [String]

    init(_ rows: [PriceRow]) {
        var writer = PriceBookWriter()
        writer.bytes.reserveCapacity(rows.count * 64)
        var places: [String: UInt64] = [:]
        var providers: [String] = []
        var offsets: [UInt32] = []
        offsets.reserveCapacity(rows.count)
        for row in rows {
            // A book is at most 20,000 rows with names of at most 256 bytes, far below four gigabytes.
            offsets.append(UInt32(clamping: writer.bytes.count))
            let place = places[row.provider] ?? UInt64(providers.count)
            if place == providers.count {
                places[row.provider] = place
                providers.append(row.provider)
            }
            writer.integer(place)
            writer.row(row)
        }
        // A copy without the room that growing left over.
        bytes = writer.bytes.withUnsafeBytes { Array($0) }
        self.offsets = offsets
        self.providers = providers
    }

    var count: Int { offsets.count }

    /// A row; nil when there is none of that index.
    subscript(index: UInt32) -> PriceRow? {
        guard index < UInt32(offsets.count) else { return nil }
        return bytes.withUnsafeBytes { buffer in
            var reader = PriceBookReader(bytes: UnsafeRawBufferPointer(rebasing: buffer[Int(offsets[Int(index)])...]))
            guard let place = try? reader.integer(), place < UInt64(providers.count) else { return nil }
            return try? reader.row(provider: providers[Int(place)])
        }
    }
}
