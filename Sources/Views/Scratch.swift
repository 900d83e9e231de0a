import Accounting

/// Room for the counts of one record, by unit.
final class Scratch {
    let buffer: UnsafeMutableBufferPointer<Int64>

    init() {
        buffer = .allocate(capacity: 32)
        buffer.initialize(repeating: 0)
    }

    deinit { buffer.deallocate() }

    /// Takes counts in place of those it has.
    ///
    /// - Returns: which units they are of.
    func fill(_ counts: UsageCounts) -> UInt32 {
        counts.forEach { unit, count in buffer[Int(unit.rawValue)] = count }
        return counts.mask
    }

    @inline(__always)
    func sum(_ mask: UInt32, _ range: ClosedRange<Int>) -> Int64 {
        var total: Int64 = 0
        var bits = mask & (UInt32(1) << UInt32(range.upperBound + 1) &- UInt32(1) << UInt32(range.lowerBound))
        while bits != 0 {
            total = saturating(total, buffer[bits.trailingZeroBitCount])
            bits &= bits &- 1
        }
        return total
    }
}

extension Sums {
    /// Takes the tokens of one request in place of those it has.
    mutating func count(_ units: Scratch, _ mask: UInt32) {
        input = units.sum(mask, 0...10)
        cacheRead = units.sum(mask, 4...7)
        cacheWrite = units.sum(mask, 8...10)
        output = units.sum(mask, 12...17)
    }
}
