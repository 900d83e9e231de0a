package import Ledger

/// A log that is read no faster than a throttle allows, for passes over history beside a serving process.
package struct ThrottledSource: RecordSource {
    /// Records between two looks at the throttle: some hundred microseconds of work.
    private static let stride: UInt64 = 256

    private let base: any RecordSource
    private let throttle: Throttle

    fileprivate init(_ base: any RecordSource, _ throttle: Throttle) {
        self.base = base
        self.throttle = throttle
    }

    package var origin: String { base.origin }
    package var head: UInt64 { base.head }

    package func scan(
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        var stretch: Throttle.Stretch?
        try base.scan(from: from, through: through) { sequence, record in
            giveWay(at: sequence, &stretch)
            return try body(sequence, record)
        }
    }

    package func scanInPlace(
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        var stretch: Throttle.Stretch?
        try base.scanInPlace(from: from, through: through) { sequence, record in
            giveWay(at: sequence, &stretch)
            return try body(sequence, record)
        }
    }

    private func giveWay(at sequence: UInt64, _ stretch: inout Throttle.Stretch?) {
        if sequence % Self.stride == 0 { throttle.giveWay(&stretch) }
    }

    package func readRecord(at sequence: UInt64) throws -> [UInt8]? { try base.readRecord(at: sequence) }

    package func treeRoot(size: UInt64) -> [UInt8]? { base.treeRoot(size: size) }
}

extension RecordSource {
    /// The same log, read no faster than a throttle allows; itself without one.
    package func throttled(by throttle: Throttle?) -> any RecordSource {
        throttle.map { ThrottledSource(self, $0) } ?? self
    }
}
