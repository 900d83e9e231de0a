internal import Glibc
internal import Metering
internal import NIOCore

/// What the request lines that were read lately mean: clients ask for the same few again and again, and comparing
/// their bytes costs a tenth of reading them.
///
/// Request lines come from outside, so the table has a fixed number of places and a newcomer takes the one of whoever
/// stands there. Confined to one event loop; a new routing table starts a new cache.
struct RequestLineCache {
    final class Entry {
        let line: [UInt8]
        let group: LoopGroup
        let path: String
        let route: Route
        let isHead: Bool

        init(line: [UInt8], group: LoopGroup, path: String, route: Route, isHead: Bool) {
            self.line = line
            self.group = group
            self.path = path
            self.route = route
            self.isHead = isHead
        }
    }

    private var entries = [Entry?](repeating: nil, count: placeCount)

    private static let placeCount = 256
    private static let longestLine = 512

    /// What the request line of a head means, when it was stored and nothing has taken its place.
    func find(_ head: MessageHead) -> Entry? {
        head.bytes.withUnsafeReadableBytes { bytes in
            let line = Self.line(of: head, in: bytes)
            guard let start = line.baseAddress, let entry = entries[Self.place(line)],
                entry.line.count == line.count, memcmp(start, entry.line, line.count) == 0
            else { return nil }
            return entry
        }
    }

    mutating func store(_ head: MessageHead, group: LoopGroup, path: String, route: Route, isHead: Bool) {
        head.bytes.withUnsafeReadableBytes { bytes in
            let line = Self.line(of: head, in: bytes)
            guard line.count <= Self.longestLine else { return }
            entries[Self.place(line)] = Entry(
                line: Array(line),
                group: group,
                path: path,
                route: route,
                isHead: isHead
            )
        }
    }

    /// The method, the blank and the target.
    private static func line(of head: MessageHead, in bytes: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: bytes[head.first.lowerBound..<head.second.upperBound])
    }

    private static func place(_ line: UnsafeRawBufferPointer) -> Int {
        var hash: UInt64 = UInt64(line.count)
        var index = 0
        while index + 8 <= line.count {
            let word = line.loadUnaligned(fromByteOffset: index, as: UInt64.self)
            hash = (hash ^ word) &* 0x9E37_79B9_7F4A_7C15
            hash ^= hash >> 29
            index += 8
        }
        while index < line.count {
            hash = (hash ^ UInt64(line[index])) &* 0x100_0000_01B3
            index += 1
        }
        return Int(truncatingIfNeeded: hash >> 32) & (placeCount - 1)
    }
}
