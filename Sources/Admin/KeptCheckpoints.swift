public import Ledger

/// Signed checkpoints that somebody kept: one note, or many with an empty line behind each.
public struct KeptCheckpoints: Sendable {
    /// The most bytes that are read.
    public static let limit = 64 << 20
    /// The checkpoints, in the order of the text.
    public private(set) var checkpoints: [Checkpoint] = []

    /// Reads and verifies notes; throws `AuditFailure` when one is not signed by the key.
    ///
    /// A file that checkpoints are appended to may hold one that a crash cut off: what has not the form of a note is
    /// passed over, unless there is no note at all in a text that is not empty.
    public init(_ bytes: [UInt8], key: VerifierKey) throws(AuditFailure) {
        guard !bytes.isEmpty else { return }
        guard bytes.count <= Self.limit, let text = String(validating: bytes, as: UTF8.self) else {
            throw AuditFailure(.malformed, "the checkpoints are not text, or more than \(Self.limit) bytes")
        }
        for note in Checkpoint.notes(in: text) {
            checkpoints.append(try AuditFailure.verified(note, key, "a checkpoint that was kept"))
        }
        guard !checkpoints.isEmpty else {
            throw AuditFailure(.malformed, "there is no signed checkpoint in the text")
        }
    }
}
