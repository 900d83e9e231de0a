/// What a verified proof says.
public enum Proven: Equatable, Sendable {
    /// The record with that sequence stands in the tree of the checkpoint; its bytes, when the proof carries them.
    case included(sequence: UInt64, record: [UInt8], in: Checkpoint)
    /// The tree of `new` begins with the whole tree of `old`.
    case consistent(old: Checkpoint, new: Checkpoint)
}

extension ProofText {
    /// Verifies signatures and hashes.
    ///
    /// `record` is the stored record from elsewhere, needed when the proof does not carry it. `trusted` is a checkpoint
    /// that the verifier kept; the proof then has to be about that tree too.
    public func verify(
        key: VerifierKey,
        record given: [UInt8]? = nil,
        trusted: Checkpoint? = nil
    ) throws(AuditFailure) -> Proven {
        switch self {
        case .inclusion(let proof, let carried, let note):
            let checkpoint = try AuditFailure.verified(note, key, "the proof's checkpoint")
            guard let record = given ?? carried else {
                throw AuditFailure(.malformed, "the proof does not carry its record; name a file with the stored bytes")
            }
            let leaf = record.withUnsafeBytes { Digest.leaf($0) }
            guard proof.proves(leaf: leaf, root: checkpoint.root) else {
                throw AuditFailure(
                    .root,
                    "the record and the hashes do not lead to the signed root of \(checkpoint.size) records",
                    at: proof.index &+ 1...proof.index &+ 1
                )
            }
            if let trusted { try AuditFailure.match(trusted, with: [checkpoint]) }
            return .included(sequence: proof.index &+ 1, record: record, in: checkpoint)
        case .consistency(let proof, let old, let new):
            let old = try AuditFailure.verified(old, key, "the proof's earlier checkpoint")
            let new = try AuditFailure.verified(new, key, "the proof's later checkpoint")
            guard proof.proves(oldRoot: old.root, newRoot: new.root) else {
                throw AuditFailure(
                    .root,
                    "the tree of \(new.size) records does not begin with the tree of \(old.size) records"
                )
            }
            if let trusted { try AuditFailure.match(trusted, with: [old, new]) }
            return .consistent(old: old, new: new)
        }
    }
}

extension AuditFailure {
    /// The checkpoint in a note that the key has signed; `name` says in an error which one it is.
    public static func verified(
        _ note: String,
        _ key: VerifierKey,
        _ name: String
    ) throws(AuditFailure) -> Checkpoint {
        let checkpoint: Checkpoint
        do throws(Checkpoint.Fault) {
            checkpoint = try Checkpoint(note: note, key: key)
        } catch {
            switch error {
            case .malformed: throw AuditFailure(.malformed, "\(name) has not the form of a signed checkpoint")
            case .wrongSignature:
                throw AuditFailure(.signature, "\(name) has no valid signature of the key of \(key.name)")
            }
        }
        guard checkpoint.origin == key.name else {
            throw AuditFailure(.signature, "\(name) is of \(checkpoint.origin), but the key is of \(key.name)")
        }
        return checkpoint
    }

    /// Throws unless the trusted checkpoint is one of those of a proof.
    public static func match(_ trusted: Checkpoint, with found: [Checkpoint]) throws(AuditFailure) {
        guard let same = found.first(where: { $0.size == trusted.size }) else {
            let sizes = found.map { String($0.size) }.joined(separator: " and ")
            throw AuditFailure(
                .malformed,
                "the proof is about trees of \(sizes) records, the given checkpoint about one of \(trusted.size); have a "
                    + "consistency proof made between them (tollgate proof --from ... --to ...)"
            )
        }
        guard same == trusted else {
            throw AuditFailure(
                .root,
                "the ledger has signed two different trees of \(trusted.size) records: history was rewritten after the given "
                    + "checkpoint"
            )
        }
    }
}
