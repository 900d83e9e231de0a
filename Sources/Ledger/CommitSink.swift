/// One record that is now on the disk.
public struct Commit: Equatable, Sendable {
    /// What `append` was given, to find the waiting response by.
    public var token: UInt64
    /// The sequence number it got.
    public var sequence: UInt64

    /// A commit of `token` as `sequence`.
    public init(token: UInt64, sequence: UInt64) {
        self.token = token
        self.sequence = sequence
    }
}

/// Hears of commits: typically one per event loop, which hops onto its loop once and releases what waits.
public protocol CommitSink: AnyObject, Sendable {
    /// Called on the writer thread, once per batch; must return quickly and never wait for the ledger.
    func committed(_ commits: [Commit])
}
