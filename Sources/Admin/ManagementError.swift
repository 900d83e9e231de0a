/// Why the management side refused, for a person: what happened, to what, and what to do.
public struct ManagementError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kind of refusal; each has one HTTP status and one exit code of the commands.
    public enum Code: String, Sendable, CaseIterable {
        /// A parameter or a body is wrong.
        case badRequest = "bad_request"
        case unauthorized
        case forbidden
        case notFound = "not_found"
        case methodNotAllowed = "method_not_allowed"
        case tooLarge = "too_large"
        /// The order contradicts what is going on, such as a second rebuild.
        case conflict
        /// A price book was refused.
        case invalidBook = "invalid_book"
        /// Stored data could not be read or has been damaged.
        case damaged
        /// Not now: starting, stopping, or the ledger cannot write.
        case unavailable

        /// The HTTP status.
        public var status: Int {
            switch self {
            case .badRequest: 400
            case .unauthorized: 401
            case .forbidden: 403
            case .notFound: 404
            case .methodNotAllowed: 405
            case .tooLarge: 413
            case .conflict: 409
            case .invalidBook: 422
            case .damaged: 500
            case .unavailable: 503
            }
        }
    }

    /// The kind of refusal.
    public var code: Code
    /// What happened, to what, and what to do; without secrets.
    public var message: String

    /// A refusal.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The message.
    public var description: String { message }
}
