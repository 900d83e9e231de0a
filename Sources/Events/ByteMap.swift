/// Numbers for byte strings, looked up without making a `String`: the memory of what was seen before.
///
/// Open addressing with a seed of its own per process, so that chosen names cannot make it slow. It is a cache: when it
/// is full, or a key is long, the owner does without.
package struct ByteMap {
    private struct Entry {
        var hash: UInt64
        var offset: Int32
        var length: Int32
        var value: Int32
    }

    private var slots: [Int32]
    private var entries: [Entry] = []
    private var arena: [UInt8] = []
    private let mask: Int
    private let seed: UInt64

    /// A map for up to half of 2^`bits` keys.
    package init(bits: Int) {
        mask = (1 << bits) - 1
        slots = [Int32](repeating: -1, count: 1 << bits)
        seed = UInt64.random(in: .min ... .max)
    }

    package var isFull: Bool { entries.count * 2 > mask || arena.count > 1 << 26 }

    package mutating func removeAll() {
        for index in slots.indices { slots[index] = -1 }
        entries.removeAll()
        arena.removeAll()
    }

    @inline(__always)
    private func hash(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var state = seed ^ UInt64(truncatingIfNeeded: key.count)
        var offset = 0
        while key.count - offset >= 8 {
            state = mix(state ^ key.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset &+= 8
        }
        var tail: UInt64 = 0
        while offset < key.count {
            tail = tail << 8 | UInt64(key[offset])
            offset &+= 1
        }
        return mix(state ^ tail)
    }

    @inline(__always)
    private func mix(_ value: UInt64) -> UInt64 {
        let product = value.multipliedFullWidth(by: 0x9e37_79b9_7f4a_7c15)
        return product.high ^ product.low
    }

    @inline(__always)
    package func find(_ key: UnsafeRawBufferPointer) -> Int? {
        let hash = hash(key)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while true {
            let number = Int(slots[slot])
            if number < 0 { return nil }
            let entry = entries[number]
            if entry.hash == hash, Int(entry.length) == key.count, equal(key, at: Int(entry.offset)) {
                return Int(entry.value)
            }
            slot = (slot &+ 1) & mask
        }
    }

    @inline(__always)
    private func equal(_ key: UnsafeRawBufferPointer, at offset: Int) -> Bool {
        arena.withUnsafeBytes { arena in
            var index = 0
            while key.count - index >= 8 {
                guard
                    key.loadUnaligned(fromByteOffset: index, as: UInt64.self)
                        == arena.loadUnaligned(fromByteOffset: offset &+ index, as: UInt64.self)
                else { return false }
                index &+= 8
            }
            while index < key.count {
                guard key[index] == arena[offset &+ index] else { return false }
                index &+= 1
            }
            return true
        }
    }

    /// Remembers a key that is not there yet; the caller made sure that the map is not full.
    package mutating func insert(_ key: UnsafeRawBufferPointer, _ value: Int) {
        let hash = hash(key)
        var slot = Int(truncatingIfNeeded: hash) & mask
        while slots[slot] >= 0 { slot = (slot &+ 1) & mask }
        slots[slot] = Int32(truncatingIfNeeded: entries.count)
        entries.append(
            Entry(
                hash: hash,
                offset: Int32(truncatingIfNeeded: arena.count),
                length: Int32(truncatingIfNeeded: key.count),
                value: Int32(truncatingIfNeeded: value)
            )
        )
        arena.append(contentsOf: key)
    }
}
