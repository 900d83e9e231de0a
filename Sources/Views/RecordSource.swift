/// An ordered log of records, as the views read it: the ledger, or an exported copy of one.
public protocol RecordSource: Sendable {
    /// The name that identifies the log for ever.
    var origin: String { get }
    /// The last committed sequence; 0 when empty. Any thread.
    var head: UInt64 { get }
    /// Calls `body` with each record of the range in order, on the calling thread, until it returns false.
    ///
    /// The bytes are only valid within the call.
    func scan(from: UInt64, through: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws
    /// The same without a copy of the bytes where the log can do that, for a `body` that takes no longer than reading does.
    func scanInPlace(from: UInt64, through: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws
    /// A copy of one record; nil when there is none.
    func readRecord(at sequence: UInt64) throws -> [UInt8]?
    /// The root of the Merkle tree over the first `size` records, where the log knows it without reading them.
    func treeRoot(size: UInt64) -> [UInt8]?
}

extension RecordSource {
    /// By ``scan(from:through:_:)``.
    public func scanInPlace(
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws { try scan(from: from, through: through, body) }
}
