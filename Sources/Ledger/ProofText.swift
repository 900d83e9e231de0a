/// A proof as a text of its own, which anybody can verify offline who has the ledger's public key.
///
/// An inclusion proof is a C2SP tlog-proof: the line `c2sp.org/tlog-proof@v1`, `extra` with the base64 of the stored
/// record where it is carried along, `index`, one line for each hash of the path, an empty line, and a signed checkpoint.
/// A consistency proof has the same form: `tollgate/consistency-proof@v1`, the hashes, an empty line, the checkpoint of
/// the earlier tree, an empty line, and that of the later one.
public enum ProofText: Equatable, Sendable {
    /// That the tree of a checkpoint has a record in a place.
    case inclusion(InclusionProof, record: [UInt8]?, checkpoint: String)
    /// That the tree of one checkpoint begins with the whole tree of another.
    case consistency(ConsistencyProof, old: String, new: String)

    private static let inclusionHeader = "c2sp.org/tlog-proof@v1"
    private static let consistencyHeader = "tollgate/consistency-proof@v1"
    /// The longest text that is read, in bytes: a record of the greatest length in base64 and everything around it.
    public static let limit = (Ledger.recordLimit / 3 + 1) * 4 + (1 << 18)

    /// The text.
    public var text: String {
        switch self {
        case .inclusion(let proof, let record, let checkpoint):
            let extra = record.map { "extra \(Base64.encode($0))\n" } ?? ""
            return "\(ProofText.inclusionHeader)\n\(extra)index \(proof.index)\n\(lines(proof.path))\n\(checkpoint)"
        case .consistency(let proof, let old, let new):
            return "\(ProofText.consistencyHeader)\n\(lines(proof.path))\n\(old)\n\(new)"
        }
    }

    private func lines(_ path: [Digest]) -> String { path.map { $0.base64 + "\n" }.joined() }

    /// Reads a text; nothing is verified but its form. Throws `AuditFailure` when it is no proof.
    public init(text bytes: [UInt8]) throws(AuditFailure) {
        guard bytes.count <= ProofText.limit, let text = String(validating: bytes, as: UTF8.self) else {
            throw AuditFailure(.malformed, "this is no proof: it is longer than any, or not UTF-8")
        }
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)[...]
        switch lines.popFirst() {
        case ProofText.inclusionHeader?:
            self = try ProofText.inclusion(&lines)
        case ProofText.consistencyHeader?:
            self = try ProofText.consistency(&lines)
        default:
            throw AuditFailure(
                .malformed,
                "this is no proof: the first line is neither \(ProofText.inclusionHeader) nor \(ProofText.consistencyHeader)"
            )
        }
    }

    private static func inclusion(_ lines: inout ArraySlice<Substring>) throws(AuditFailure) -> ProofText {
        var record: [UInt8]?
        if let line = lines.first, line.hasPrefix("extra ") {
            lines.removeFirst()
            record = Base64.decode(line.dropFirst("extra ".count))
            guard record != nil else { throw AuditFailure(.malformed, "the proof's `extra` line is not base64") }
        }
        guard let line = lines.popFirst(), line.hasPrefix("index "), let index = number(line.dropFirst("index ".count))
        else { throw AuditFailure(.malformed, "the proof has no `index` line") }
        let path = try path(&lines)
        let note = lines.joined(separator: "\n")
        let size = try size(of: note)
        return .inclusion(InclusionProof(index: index, size: size, path: path), record: record, checkpoint: note)
    }

    private static func consistency(_ lines: inout ArraySlice<Substring>) throws(AuditFailure) -> ProofText {
        let path = try path(&lines)
        // Each note has one empty line of its own, after its three lines of text.
        let ends = lines.indices.filter { lines[$0].isEmpty }
        guard ends.count == 4 else {
            throw AuditFailure(.malformed, "the proof does not end with two checkpoints behind one another")
        }
        let old = lines[..<ends[1]].joined(separator: "\n") + "\n"
        let new = lines[(ends[1] + 1)...].joined(separator: "\n")
        let proof = ConsistencyProof(from: try size(of: old), to: try size(of: new), path: path)
        return .consistency(proof, old: old, new: new)
    }

    private static func path(_ lines: inout ArraySlice<Substring>) throws(AuditFailure) -> [Digest] {
        var path: [Digest] = []
        while let line = lines.popFirst() {
            if line.isEmpty { return path }
            guard path.count < 66, let digest = Digest(base64: line) else {
                throw AuditFailure(.malformed, "\"\(line.prefix(60))\" in the proof is no hash")
            }
            path.append(digest)
        }
        throw AuditFailure(.cut, "the proof ends before its checkpoint; it was cut off")
    }

    private static func size(of note: String) throws(AuditFailure) -> UInt64 {
        do throws(Checkpoint.Fault) {
            return try Checkpoint(note: note, key: nil).size
        } catch {
            throw AuditFailure(.malformed, "the proof holds something that is no checkpoint, or was cut off in it")
        }
    }

    private static func number(_ text: Substring) -> UInt64? {
        guard let number = UInt64(text), text == String(number) else { return nil }
        return number
    }
}
