/// Decompression of Snappy's raw format, as blocks of a table hold it.
///
/// Source: format_description.txt of the Snappy project. Input may be anything: what does not fit gives nil.
enum Snappy {
    static func decompress(_ input: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
        guard let (length, start) = input.varint(at: 0), length <= UInt64(limit) else { return nil }
        let size = Int(length)
        var output: [UInt8] = []
        output.reserveCapacity(size)
        var place = start
        while place < input.count {
            let tag = input[place]
            place += 1
            if tag & 3 == 0 {
                var count = Int(tag >> 2) + 1
                if count > 60 {
                    let extra = count - 60
                    guard let bytes = input.slice(place, extra) else { return nil }
                    count = bytes.reversed().reduce(0) { $0 << 8 | Int($1) } + 1
                    place += extra
                }
                guard count <= size - output.count, let literal = input.slice(place, count) else { return nil }
                output.append(contentsOf: literal)
                place += count
            } else {
                let extra = tag & 3 == 1 ? 1 : tag & 3 == 2 ? 2 : 4
                guard let bytes = input.slice(place, extra) else { return nil }
                var distance = bytes.reversed().reduce(0) { $0 << 8 | Int($1) }
                var count = Int(tag >> 2) + 1
                if extra == 1 {
                    distance |= Int(tag >> 5) << 8
                    count = Int(tag >> 2 & 7) + 4
                }
                place += extra
                guard distance > 0, distance <= output.count, count <= size - output.count else { return nil }
                // Byte by byte, because source and destination may overlap.
                for _ in 0..<count { output.append(output[output.count - distance]) }
            }
        }
        return output.count == size ? output : nil
    }
}
