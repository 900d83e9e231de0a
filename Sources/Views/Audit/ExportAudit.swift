public import Ledger

/// What the verification of an export found: only with the file and the ledger's public key.
public struct ExportAudit: Equatable, Sendable {
    /// The origin of the ledger.
    public var origin: String
    /// The public key that the signature was verified with.
    public var key: String
    /// The first sequence.
    public var from: UInt64
    /// The last sequence.
    public var through: UInt64
    /// The events in the file.
    public var events: UInt64
    /// The events that a filter left out, and that are accounted for by their hashes.
    public var omitted: UInt64
    /// The bytes that were read.
    public var bytes: UInt64
    /// The checkpoint that everything leads to.
    public var checkpoint: Checkpoint

    /// The signed checkpoint in an export's last line; nil when the bytes do not end with one.
    public static func checkpoint(atEndOf bytes: [UInt8]) -> String? {
        guard bytes.last == 0x0a else { return nil }
        let start = bytes.dropLast().lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return (try? ExportLines.Trailer(Array(bytes[start..<(bytes.count - 1)])))?.checkpoint
    }

    /// Reads an export to its end and verifies it.
    ///
    /// Every event's fields are compared with its stored bytes, the tree is put together, and the checkpoint's signature
    /// is verified. Without a `key` the one in the file is taken, which shows only that the file is whole.
    /// `trusted` is a checkpoint that the verifier kept; it has to be of the same tree. `following` is that of another
    /// export, which this one has to go on from.
    ///
    /// - Parameters:
    ///   - workers: threads that hash, beside the calling one, which reads.
    ///   - read: fills the buffer and gives the number of bytes, 0 at the end; may block.
    ///   - progress: called with the bytes read so far.
    /// - Throws: `AuditFailure` for what does not hold, or what `read` throws.
    public static func verify(
        key: VerifierKey?,
        trusted: Checkpoint? = nil,
        following: Checkpoint? = nil,
        workers: Int,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int,
        progress: (UInt64) -> Void
    ) throws -> ExportAudit {
        var assembly = ExportAssembly(key: key, following: following)
        let last = try assembly.read(workers: workers, read, progress: progress)
        let audit = try assembly.end(with: last, trusted: trusted)
        progress(audit.bytes)
        return audit
    }
}
