public import Accounting
package import Events

/// Sums over the requests of one time bucket and one combination of labels.
public struct Sums: Equatable, Sendable {
    /// Requests that ended.
    public var requests: UInt64 = 0
    /// Requests that did not complete with a status below 400.
    public var errors: UInt64 = 0
    /// Requests whose price was not known when they happened.
    public var unpriced: UInt64 = 0
    /// Requests whose price the newest book does not know either.
    public var restatedUnpriced: UInt64 = 0
    /// Input tokens, cached and written ones included.
    public var input: Int64 = 0
    /// Output tokens, reasoning included.
    public var output: Int64 = 0
    /// The part of `input` that was read from a cache.
    public var cacheRead: Int64 = 0
    /// The part of `input` that was written to a cache.
    public var cacheWrite: Int64 = 0
    /// The cost as charged.
    public var charged = MoneyTotal()
    /// The cost by the newest book.
    public var restated = MoneyTotal()

    /// No requests.
    public init() {}

    /// Adds other sums; token sums saturate.
    public static func += (sums: inout Sums, other: Sums) {
        sums.requests &+= other.requests
        sums.errors &+= other.errors
        sums.unpriced &+= other.unpriced
        sums.restatedUnpriced &+= other.restatedUnpriced
        sums.input = saturating(sums.input, other.input)
        sums.output = saturating(sums.output, other.output)
        sums.cacheRead = saturating(sums.cacheRead, other.cacheRead)
        sums.cacheWrite = saturating(sums.cacheWrite, other.cacheWrite)
        sums.charged.picodollars &+= other.charged.picodollars
        sums.restated.picodollars &+= other.restated.picodollars
    }

    func encode(_ writer: inout ByteWriter) {
        for value in [requests, errors, unpriced, restatedUnpriced] { writer.varint(value) }
        for value in [input, output, cacheRead, cacheWrite] { writer.signed(value) }
        writer.money(charged)
        writer.money(restated)
    }

    init(_ reader: inout ByteReader) {
        requests = reader.varint()
        errors = reader.varint()
        unpriced = reader.varint()
        restatedUnpriced = reader.varint()
        input = reader.signed()
        output = reader.signed()
        cacheRead = reader.signed()
        cacheWrite = reader.signed()
        charged = reader.money()
        restated = reader.money()
    }
}

@inline(__always)
func saturating(_ lhs: Int64, _ rhs: Int64) -> Int64 {
    let (sum, overflow) = lhs.addingReportingOverflow(rhs)
    return overflow ? (rhs < 0 ? .min : .max) : sum
}

extension ByteWriter {
    mutating func money(_ total: MoneyTotal) {
        fixed64(UInt64(truncatingIfNeeded: total.picodollars))
        fixed64(UInt64(truncatingIfNeeded: total.picodollars >> 64))
    }
}

extension ByteReader {
    mutating func money() -> MoneyTotal {
        let low = fixed64()
        let high = fixed64()
        let amount = Int128(truncatingIfNeeded: high) << 64 | Int128(low)
        // So much is never charged; and sums of it, and shares in percent, stay far from the ends of the integer.
        guard amount.magnitude < 1 << 100 else {
            fail()
            return MoneyTotal()
        }
        return MoneyTotal(picodollars: amount)
    }
}

/// Sums by time bucket and combination of labels, in order of first appearance.
package struct Cube: Sendable {
    /// Length of a bucket in microseconds.
    package let width: Int64
    package private(set) var keys: [UInt64] = []
    package var cells: [Sums] = []
    private var index: [UInt64: Int32] = [:]

    package init(width: Int64) { self.width = width }

    private static let dimensionBits: UInt64 = 20

    package static func key(bucket: Int64, dimension: Int) -> UInt64 {
        UInt64(bitPattern: bucket) << dimensionBits | UInt64(dimension) & (1 << dimensionBits - 1)
    }

    package static func bucket(_ key: UInt64) -> Int64 { Int64(bitPattern: key) >> Int64(dimensionBits) }

    package static func dimension(_ key: UInt64) -> Int { Int(key & (1 << dimensionBits - 1)) }

    package func find(_ key: UInt64) -> Int? { index[key].map(Int.init) }

    package mutating func slot(_ key: UInt64) -> Int {
        if let slot = index[key] { return Int(slot) }
        let slot = keys.count
        keys.append(key)
        cells.append(Sums())
        index[key] = Int32(truncatingIfNeeded: slot)
        return slot
    }

    /// Drops the buckets before one; slots change.
    package mutating func prune(before bucket: Int64) {
        guard keys.contains(where: { Cube.bucket($0) < bucket }) else { return }
        let old = (keys, cells)
        keys = []
        cells = []
        index = [:]
        for (key, cell) in zip(old.0, old.1) where Cube.bucket(key) >= bucket {
            let slot = slot(key)
            cells[slot] = cell
        }
    }

    package mutating func forgetRestated() {
        for slot in cells.indices {
            cells[slot].restated = MoneyTotal()
            cells[slot].restatedUnpriced = 0
        }
    }

    package func encode(_ writer: inout ByteWriter) {
        writer.count(keys.count)
        for (key, cell) in zip(keys, cells) {
            writer.fixed64(key)
            cell.encode(&writer)
        }
    }

    package mutating func decode(_ reader: inout ByteReader) -> Bool {
        for _ in 0..<reader.small(max(0, reader.remaining / 8)) {
            let key = reader.fixed64()
            let cell = Sums(&reader)
            guard !reader.failed, index[key] == nil else { return false }
            let slot = slot(key)
            cells[slot] = cell
        }
        return !reader.failed
    }
}
