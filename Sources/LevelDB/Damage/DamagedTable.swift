/// The entries of a table file that may be damaged: those of every block whose checksum holds.
///
/// Source: table_format.md of LevelDB. Blocks follow one another, each with a type and a checksum behind it; where the
/// index cannot be read, the checksums themselves tell where a block ends.
package struct DamagedTable {
    private static let magic: UInt64 = 0xDB47_7524_8B80_FB57
    private static let footerLength = 48
    private static let trailerLength = 5
    private static let blockLimit = 64 << 20
    /// How long a block may be where one begins at an unknown place.
    private static let searchLimit = 1 << 16

    private let file: UnsafeRawBufferPointer

    private struct Place {
        var offset: Int
        var length: Int
    }

    /// Calls `body` with every readable entry, in order; returns the number of places that could not be read.
    package static func read(
        _ file: UnsafeRawBufferPointer,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        let table = DamagedTable(file: file)
        guard let places = table.index() else { return table.search(body) }
        var damages = 0
        for place in places {
            let isWhole =
                table.block(at: place).map { block in block.withUnsafeBytes { Self.entries($0, body) } } ?? false
            if !isWhole { damages += 1 }
        }
        return damages
    }

    /// Where the data blocks are; nil when the footer or the index is damaged.
    private func index() -> [Place]? {
        let start = file.count - Self.footerLength
        guard let footer = file.slice(start, Self.footerLength),
            UInt64(littleEndian: footer.loadUnaligned(fromByteOffset: 40, as: UInt64.self)) == Self.magic,
            let (_, middle) = Self.place(in: footer, at: 0), let (index, _) = Self.place(in: footer, at: middle),
            let block = block(at: index)
        else { return nil }
        var places: [Place] = []
        var isWhole = true
        let isRead = block.withUnsafeBytes { block in
            Self.entries(block, internalKeys: false) { _, value in
                if let (place, _) = Self.place(in: value, at: 0) { places.append(place) } else { isWhole = false }
            }
        }
        return isRead && isWhole ? places : nil
    }

    private static func place(in bytes: UnsafeRawBufferPointer, at offset: Int) -> (Place, end: Int)? {
        guard let (first, middle) = bytes.varint(at: offset), let (second, end) = bytes.varint(at: middle),
            let offset = Int(exactly: first), let length = Int(exactly: second)
        else { return nil }
        return (Place(offset: offset, length: length), end)
    }

    /// The content of a block; nil when its checksum does not hold.
    private func block(at place: Place) -> [UInt8]? {
        guard place.length <= Self.blockLimit, let stored = file.slice(place.offset, place.length),
            let type = file.slice(place.offset + place.length, 1)?.first,
            let sum = file.word(at: place.offset + place.length + 1),
            CRC32C.masked(CRC32C.step(CRC32C.state(stored), type)) == sum
        else { return nil }
        switch type {
        case 0: return [UInt8](stored)
        case 1: return Snappy.decompress(stored, limit: Self.blockLimit)
        default: return nil
        }
    }

    /// Goes through the file without its index.
    private func search(_ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void) -> Int {
        var damages = 1
        var offset = 0
        var isLost = false
        while offset < file.count - Self.trailerLength {
            guard let length = blockLength(at: offset, limit: isLost ? Self.searchLimit : Self.blockLimit) else {
                if !isLost { damages += 1 }
                isLost = true
                offset += 1
                continue
            }
            isLost = false
            let place = Place(offset: offset, length: length)
            offset += length + Self.trailerLength
            guard let block = block(at: place) else {
                damages += 1
                continue
            }
            // Behind the data comes a block about filters, which is empty without them, and then the index.
            if block.count <= 8 { break }
            let isWhole = block.withUnsafeBytes { Self.entries($0, body) }
            if !isWhole { damages += 1 }
        }
        return damages
    }

    /// The length at which the checksum of a block holds that begins there.
    private func blockLength(at offset: Int, limit: Int) -> Int? {
        var state = CRC32C.start
        let end = min(file.count - Self.trailerLength, offset + limit)
        var place = offset
        while place <= end {
            let type = file[place]
            if type <= 1, place - offset >= 8, file.word(at: place + 1) == CRC32C.masked(CRC32C.step(state, type)) {
                return place - offset
            }
            state = CRC32C.step(state, type)
            place += 1
        }
        return nil
    }

    /// The entries of a block's content: keys share their beginnings, and end in eight bytes of the store's own.
    private static func entries(
        _ block: UnsafeRawBufferPointer,
        internalKeys: Bool = true,
        _ body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) -> Bool {
        guard let restarts = block.word(at: block.count - 4), restarts <= UInt32(block.count / 4),
            block.count - 4 - Int(restarts) * 4 >= 0
        else { return false }
        let end = block.count - 4 - Int(restarts) * 4
        var key: [UInt8] = []
        var place = 0
        while place < end {
            guard let (shared, first) = block.varint(at: place), let (unshared, second) = block.varint(at: first),
                let (length, third) = block.varint(at: second), shared <= UInt64(key.count),
                let rest = Int(exactly: unshared).flatMap({ block.slice(third, $0) }),
                let value = Int(exactly: length).flatMap({ block.slice(third + rest.count, $0) }),
                third + rest.count + value.count <= end
            else { return false }
            key.removeSubrange(Int(shared)...)
            key.append(contentsOf: rest)
            place = third + rest.count + value.count
            guard internalKeys else {
                body(UnsafeRawBufferPointer(start: nil, count: 0), value)
                continue
            }
            guard key.count >= 8 else { return false }
            // The lowest byte of the last eight says whether the entry is a value or a deletion.
            guard key[key.count - 8] == 1 else { continue }
            key.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0.dropLast(8)), value) }
        }
        return true
    }
}
