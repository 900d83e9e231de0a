public import Ledger

/// Signed checkpoints that somebody kept: one note, or many with an empty line behind each.
public struct KeptCheckpoints: Sendable {
    /// The most bytes that are read; a request's body may not be longer either.
    public static let limit = 8 << 20
    /// The checkpoints, in the order of the text.
    public private(set) var checkpoints: [Checkpoint] = []

    /// Reads and verifies notes; throws `AuditFailure` when one is not signed by the key.
    ///
    /// A file that checkpoints are appended to may hold one that a crash cut off: what has not the form of a note is
    /// passed over, unless there is no note at all in a text that is not empty, or `allowsNothingElse`.
    public init(
        _ bytes: [UInt8],
        key: VerifierKey,
        allowsNothingElse: Bool = false
    ) throws(AuditFailure) {
        guard !bytes.isEmpty else { return }
        guard bytes.count <= Self.limit, let text = String(validating: bytes, as: UTF8.self) else {
            throw AuditFailure(.malformed, "the checkpoints are not text, or more than \(Self.limit) bytes")
        }
        let notes = Checkpoint.notes(in: text)
        guard !allowsNothingElse || Self.count(notes.joined()) == Self.count(text) else {
            throw AuditFailure(.malformed, "this is no text of signed checkpoints alone")
        }
        // That a loss was accepted in between changes nothing of what was signed before.
        for note in notes where !note.hasPrefix("\(key.name)/accepted-loss/") {
            checkpoints.append(try AuditFailure.verified(note, key, "a checkpoint that was kept"))
        }
        guard !checkpoints.isEmpty else {
            throw AuditFailure(.malformed, "there is no signed checkpoint in the text")
        }
    }

    /// The same text when it is short enough; else of its notes as many as are, spread evenly, the last among them.
    ///
    /// A change is then narrowed down less far, but found just the same.
    public static func thinned(_ bytes: [UInt8]) -> [UInt8] {
        guard bytes.count > limit, let text = String(validating: bytes, as: UTF8.self) else { return bytes }
        let notes = Checkpoint.notes(in: text)
        let stride = (bytes.count + limit / 2 - 1) / (limit / 2)
        let last = notes.count - 1
        let chosen = notes.indices.filter { ($0 - last) % stride == 0 }
        return chosen.flatMap { Array((notes[$0] + "\n").utf8) }
    }

    /// The bytes that are no newlines.
    private static func count(_ text: String) -> Int { text.utf8.reduce(0) { $1 == 0x0a ? $0 : $0 + 1 } }
}
