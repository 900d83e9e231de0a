internal import Glibc

/// Finds the number of a key by one hash probe.
///
/// The one table lives as long as the process and is never changed, so it may be read through plain pointers.
struct UsageKeyTable: @unchecked Sendable {
    private struct Entry {
        var start: UnsafePointer<UInt8>
        var count: Int
        var key: UsageKey
        var next: UInt8
    }

    static let shared = UsageKeyTable(UsageKey.names)

    private let entries: UnsafePointer<Entry>
    private let heads: UnsafePointer<UInt8>

    private init(_ names: [(StaticString, UsageKey)]) {
        // Entry 0 ends every chain.
        let empty: StaticString = ""
        var entries = [Entry(start: empty.utf8Start, count: 0, key: .other, next: 0)]
        var heads = [UInt8](repeating: 0, count: 256)
        for (name, key) in names {
            let slot = Self.hash(UnsafeRawPointer(name.utf8Start), name.utf8CodeUnitCount)
            entries.append(Entry(start: name.utf8Start, count: name.utf8CodeUnitCount, key: key, next: heads[slot]))
            heads[slot] = UInt8(truncatingIfNeeded: entries.count - 1)
        }
        self.entries = kept(entries)
        self.heads = kept(heads)
    }

    /// Mixes the length with the first, the middle and the last byte.
    @inline(__always)
    private static func hash(_ key: UnsafeRawPointer, _ count: Int) -> Int {
        let first = key.load(as: UInt8.self)
        let middle = key.load(fromByteOffset: count / 2, as: UInt8.self)
        let last = key.load(fromByteOffset: count &- 1, as: UInt8.self)
        return Int((first &* 3) ^ (middle &* 7) ^ (last &* 29) ^ (UInt8(truncatingIfNeeded: count) &* 11))
    }

    /// The key with some content; ``UsageKey/other`` when nobody asks for it.
    @inline(__always)
    func key(_ bytes: UnsafeRawPointer, count: Int) -> UsageKey {
        guard count > 0 else { return .other }
        var index = Int(heads[Self.hash(bytes, count)])
        while index != 0 {
            let entry = entries + index
            if entry.pointee.count == count, memcmp(entry.pointee.start, bytes, count) == 0 { return entry.pointee.key }
            index = Int(entry.pointee.next)
        }
        return .other
    }
}

/// Copies elements into memory that is never freed.
func kept<Element>(_ elements: [Element]) -> UnsafePointer<Element> {
    let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, elements.count))
    memory.initialize(from: elements, count: elements.count)
    return UnsafePointer(memory)
}
