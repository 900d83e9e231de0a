/// Remembers which stored answers were billed, so that reading one again is no second bill.
///
/// A provider keeps some answers (Responses, runs, interactions, batches) and repeats their usage each time they are
/// read. The first to state it is billed: the request itself, or for work done in the background the first poll that
/// finds it finished. Holds the last ``capacity`` answers as 64-bit hashes, 16 bytes each. Not thread-safe.
public struct BilledAnswers: Sendable {
    /// The most answers that are remembered.
    public let capacity: Int

    private var known: Set<UInt64> = []
    private var order: [UInt64] = []
    private var oldest = 0

    /// Nothing billed yet; `capacity` is at least 1.
    public init(capacity: Int = 65_536) { self.capacity = max(1, capacity) }

    /// Notes that an answer is billed; false when it was noted before.
    ///
    /// - Parameters:
    ///   - group: the group that asked; ids of different providers have nothing to do with each other.
    ///   - answer: the provider's id of the answer, or the path that it is read by where it has none.
    public mutating func bill(group: String, answer: String) -> Bool {
        let key = Self.hash(group, answer)
        guard known.insert(key).inserted else { return false }
        if order.count < capacity {
            order.append(key)
        } else {
            known.remove(order[oldest])
            order[oldest] = key
            oldest = (oldest + 1) % capacity
        }
        return true
    }

    /// FNV-1a, which is the same in every process.
    private static func hash(_ group: String, _ answer: String) -> UInt64 {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        for byte in group.utf8 { add(byte) }
        // No name has a zero byte, so the two cannot run together.
        add(0)
        for byte in answer.utf8 { add(byte) }
        return hash
    }
}
