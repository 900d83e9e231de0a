/// What does not hold of a ledger, an export or a proof, and where.
public struct AuditFailure: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of failure; the raw values are what programs see.
    public enum Kind: String, Sendable, CaseIterable {
        /// The text is none of its kind.
        case malformed
        /// It ends too early.
        case cut
        /// There is more behind its end.
        case trailing
        /// A signature is not one of the key, or the key is of another ledger.
        case signature
        /// A record is not there.
        case missing
        /// A record's bytes cannot be read.
        case unreadable
        /// A record's bytes are others than were hashed.
        case altered
        /// A line shows something else than its stored bytes say.
        case field
        /// Stored hashes do not fit the records.
        case hashes
        /// The root is another one than was signed.
        case root
        /// A digest or a count over the text does not hold.
        case digest
    }

    /// The kind of failure.
    public var kind: Kind
    /// A sentence for an auditor.
    public var message: String
    /// The sequences of which the first bad one is one; a single one when it is known exactly.
    public var sequences: ClosedRange<UInt64>?

    /// A failure.
    public init(_ kind: Kind, _ message: String, at sequences: ClosedRange<UInt64>? = nil) {
        self.kind = kind
        self.message = message
        self.sequences = sequences
    }

    /// The message.
    public var description: String { message }
}
