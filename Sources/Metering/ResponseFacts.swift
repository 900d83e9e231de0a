public import Accounting

/// Decisions about the bytes of an answer after one more piece of it was read.
///
/// Offsets are absolute positions in the body as it is on the wire (0 is its first byte).
public struct StreamVerdict: Equatable, Sendable {
    /// Every byte before this position may go to the client, except those in `dropped` and those from `terminal` on.
    /// It only moves back from the end of what was read while an event that may have to be hidden is incomplete.
    public var decided: UInt64
    /// A range, newly decided and before `decided`, that the client must not see: the usage chunk it did not ask for.
    public var dropped: Range<UInt64>?
    /// Where the event that ends the stream begins, once it was seen: hold from here until the ledger has the event.
    /// It moves on, or is nil again, where what looked like the end was the end of one candidate.
    public var terminal: UInt64?

    /// A verdict.
    public init(decided: UInt64, dropped: Range<UInt64>? = nil, terminal: UInt64? = nil) {
        self.decided = decided
        self.dropped = dropped
        self.terminal = terminal
    }
}

/// How the body of an answer ended.
public enum BodyEnding: Sendable {
    /// At the end of the HTTP message.
    case complete
    /// Early: the upstream broke off, the client went away, or a time-out struck.
    case cut
}

/// Everything that metering learnt from one answer.
public struct ResponseFacts: Equatable, Sendable {
    /// What was used; ``Usage/Source/none`` when the answer said nothing.
    public var usage = Usage()
    /// The model that the provider says it served, at most 256 bytes.
    public var model: String?
    /// The provider's id of the answer (data only, at most 256 bytes).
    public var responseID: String?
    /// True when a 2xx answer carried an error object or error event.
    public var failedInside = false
    /// True when a stream showed its terminal event.
    public var sawTerminal = false
    /// True when the answer is of work that goes on in the background: what it uses is stated when it is read later.
    public var isPending = false
    /// True when the body was not readable: unknown coding, malformed JSON or SSE where usage was expected.
    public var unreadable = false
    /// Parts that exceeded their whole and were clamped, or totals that do not reconcile.
    public var anomalies: UInt32 = 0

    /// Nothing learnt.
    public init() {}
}
