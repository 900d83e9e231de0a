import Events

/// Counts of durations in fixed buckets.
package struct Histogram: Sendable, Equatable {
    /// Upper bounds in microseconds; the last bucket is open.
    package static let slow: [Int64] = [
        50_000, 100_000, 250_000, 500_000, 1_000_000, 2_500_000, 5_000_000, 10_000_000, 30_000_000, 60_000_000,
        120_000_000, 300_000_000, 600_000_000,
    ]
    package static let fast: [Int64] = [
        50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 500_000, 1_000_000,
    ]

    /// One more than there are bounds; not cumulative.
    package var buckets = InlineArray<14, UInt64>(repeating: 0)
    /// Sum of the durations in microseconds.
    package var sum: UInt64 = 0

    package init() {}

    @inline(__always)
    package mutating func add(_ microseconds: Int64, _ bounds: [Int64]) {
        let value = max(0, microseconds)
        var index = 0
        while index < 13, index < bounds.count, value > bounds[index] { index &+= 1 }
        buckets[index] &+= 1
        let (total, overflow) = sum.addingReportingOverflow(UInt64(value))
        sum = overflow ? .max : total
    }

    package var count: UInt64 {
        var total: UInt64 = 0
        for index in buckets.indices { total &+= buckets[index] }
        return total
    }

    package static func == (lhs: Histogram, rhs: Histogram) -> Bool {
        lhs.sum == rhs.sum && lhs.buckets.indices.allSatisfy { lhs.buckets[$0] == rhs.buckets[$0] }
    }

    func encode(_ writer: inout ByteWriter) {
        for index in buckets.indices { writer.varint(buckets[index]) }
        writer.varint(sum)
    }

    init(_ reader: inout ByteReader) {
        for index in buckets.indices { buckets[index] = reader.varint() }
        sum = reader.varint()
    }
}
