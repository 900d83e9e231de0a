internal import Ledger

/// Keeps count of a verifiable export's text, so that whoever receives it can write its last line.
///
/// One that follows the ledger ends when its reader wants, and one that was cut off is made to its end in two pieces:
/// its maker cannot know the digest of the whole.
public struct ExportEnding: Sendable {
    /// The last event that the text has or accounts for; the one before the first while there is none.
    public private(set) var last: UInt64 = 0
    /// The events in the text.
    public private(set) var events: UInt64 = 0
    /// Those that a filter left out.
    public private(set) var omitted: UInt64 = 0
    /// Whether the first line is there.
    public private(set) var hasBegun = false
    /// Whether the last line is there, so that none is to be written.
    public private(set) var hasEnded = false
    private var digest = Digest.Stream()

    /// Nothing so far.
    public init() {}

    init(last: UInt64, events: UInt64, omitted: UInt64, digest: Digest.Stream) {
        self.last = last
        self.events = events
        self.omitted = omitted
        self.digest = digest
        hasBegun = true
    }

    /// Takes further text, of whole lines.
    ///
    /// Throws `AuditFailure` when a line is none of an export.
    public mutating func add(_ lines: [UInt8]) throws {
        try lines.withUnsafeBytes { bytes in
            var start = 0
            while start < bytes.count {
                let end = ExportLines.endOfLine(bytes, from: start)
                try add(UnsafeRawBufferPointer(rebasing: bytes[start..<end]))
                start = end + 1
            }
        }
        digest.update(lines)
    }

    private mutating func add(_ line: UnsafeRawBufferPointer) throws(AuditFailure) {
        if let sequence = ExportLines.sequence(line) {
            last = sequence
            events += 1
        } else if ExportLines.isManifest(line) {
            last = try ExportLines.Manifest([UInt8](line)).from - 1
            hasBegun = true
        } else if ExportLines.isTrailer([UInt8](line)) {
            hasEnded = true
        } else {
            let run = try ExportLines.omitted(line)
            last = run.end
            omitted += run.count
        }
    }

    /// The last line, by a signed checkpoint of the tree of ``last`` records.
    ///
    /// Throws `AuditFailure` when the checkpoint is of another size or is none.
    public func trailer(checkpoint note: String) throws -> [UInt8] {
        guard let checkpoint = try? Checkpoint(note: note, key: nil), checkpoint.size == last else {
            throw AuditFailure(.malformed, "this is no checkpoint of \(last) records, with which the export could end")
        }
        return ExportControlLine.trailer(
            events: events,
            omitted: omitted,
            digest: digest.finalize(),
            root: checkpoint.root,
            checkpoint: note
        )
    }
}
