/// Why views could not be brought up to the ledger, or a question could not be answered from them.
public struct ViewError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The class of the failure.
    public enum Code: Equatable, Sendable {
        /// A record could not be read as an event.
        case unreadableRecord
        /// The ledger misses a sequence or gives one out of order.
        case gap
        /// A snapshot is damaged, stale, foreign or of another version.
        case badSnapshot
        /// The question names something that does not exist, or a value that cannot be read.
        case badQuestion
        /// Nothing has the asked sequence or identity.
        case notFound
        /// The view service was closed.
        case closed
        /// A file or the ledger could not be read or written.
        case io
    }

    /// The class of the failure.
    public var code: Code
    /// What happened, to what, and what to do, for an operator.
    public var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
