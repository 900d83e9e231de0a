package import Events

/// What a failed attempt says about the request, the key and the upstream.
package enum FailureClass: Equatable, Sendable {
    /// The request itself is wrong: trying again cannot help.
    case clientFault
    /// The key is not good (any more): another may be.
    case keyFault
    /// The key has used up its rate: another may have some left.
    case rateLimit
    /// The upstream failed: another may not.
    case upstreamFault

    /// The class of an answer's status; nil when it is no failure.
    ///
    /// - Parameter quotaExhausted: whether a 429 says that the account is out of credit, which waiting does not mend.
    package init?(status: Int, quotaExhausted: Bool = false) {
        switch status {
        case ..<400: return nil
        case 401, 402, 403: self = .keyFault
        case 429: self = quotaExhausted ? .keyFault : .rateLimit
        case 529: self = .rateLimit
        case 408, 500...: self = .upstreamFault
        default: self = .clientFault
        }
    }

    /// Whether another key or upstream is worth a try.
    package var isRetriable: Bool { self != .clientFault }

    /// The name of the failure in an attempt.
    package var attemptFailure: AttemptFailure {
        switch self {
        case .clientFault: .clientFault
        case .keyFault: .keyFault
        case .rateLimit: .rateLimit
        case .upstreamFault: .upstreamStatus
        }
    }
}
