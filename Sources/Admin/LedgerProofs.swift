public import Ledger
import Views

/// Answers what an auditor asks of a ledger: its key, checkpoints, proofs. Blocks on the disk.
public struct LedgerProofs: Sendable {
    private let ledger: Ledger

    /// The proofs of a ledger.
    public init(_ ledger: Ledger) { self.ledger = ledger }

    /// The public key, as text.
    public var key: String { ledger.verifierKey }

    /// A signed checkpoint of that many records; of all when nil.
    public func checkpoint(size: UInt64?) throws -> String { try ledger.checkpoint(size: try known(size)) }

    /// Proves that an event stands in the tree of `size` records; of all when nil.
    ///
    /// `name` is a sequence or the id of a request, whose end is meant, or its beginning while it is under way.
    /// `carriesRecord` puts the stored bytes into the proof.
    public func inclusion(_ name: String, size: UInt64?, carriesRecord: Bool) throws -> ProofText {
        let size = try known(size)
        let found = try Inspect(name, in: ledger, books: []).found
        guard let sequence = found.last(where: { $0.sequence <= size })?.sequence ?? found.last?.sequence,
            let record = try ledger.record(at: sequence)
        else { throw ManagementError(.notFound, "There is no event \(name.prefix(60))") }
        let proof = try ledger.inclusionProof(of: sequence, size: size)
        let checkpoint = try ledger.checkpoint(size: size)
        // A record that was changed has no proof, and nobody should be handed one that does not hold.
        let leaf = record.withUnsafeBytes { Digest.leaf($0) }
        guard proof.root(leaf: leaf) == (try Checkpoint(note: checkpoint, key: nil)).root else {
            throw ManagementError(
                .damaged,
                "Event \(sequence) is not what was hashed when it was stored; `tollgate verify` says more"
            )
        }
        return .inclusion(proof, record: carriesRecord ? record : nil, checkpoint: checkpoint)
    }

    /// Proves that the tree of `to` records, of all when nil, begins with the one of `from` records.
    public func consistency(from: UInt64, to: UInt64?) throws -> ProofText {
        let to = try known(to)
        return .consistency(
            try ledger.consistencyProof(from: from, to: to),
            old: try ledger.checkpoint(size: from),
            new: try ledger.checkpoint(size: to)
        )
    }

    private func known(_ size: UInt64?) throws(ManagementError) -> UInt64 {
        let head = ledger.head
        guard let size else { return head }
        guard size <= head else {
            throw ManagementError(.notFound, "The ledger has \(head) records, not yet \(size)")
        }
        return size
    }
}
