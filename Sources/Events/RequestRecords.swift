public import Accounting

/// The 16 bytes of a UUIDv7 made here: the identity of a request, unique for ever.
public struct RequestID: Equatable, Hashable, Sendable {
    /// The first eight bytes, big-endian.
    public var high: UInt64
    /// The last eight bytes, big-endian.
    public var low: UInt64

    /// An identity from its two halves.
    public init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

/// How a request ended. Raw values are stored: never renumber them.
public enum Outcome: UInt8, Sendable, CaseIterable {
    case completed = 0
    /// The upstream's last answer was an error, or it could not be reached.
    case upstreamError = 1
    /// The upstream broke off in the middle of its answer.
    case upstreamCut = 2
    /// The client went away before the end.
    case clientGone = 3
    /// Refused here, before any upstream was asked.
    case rejected = 4
    /// The process ended before the request did.
    case interrupted = 5

    /// The name in the JSON form and in labels.
    public var name: String {
        switch self {
        case .completed: "completed"
        case .upstreamError: "upstream_error"
        case .upstreamCut: "upstream_cut"
        case .clientGone: "client_gone"
        case .rejected: "rejected"
        case .interrupted: "interrupted"
        }
    }
}

/// Why an attempt at an upstream failed. Raw values are stored: never renumber them.
public enum AttemptFailure: UInt8, Sendable, CaseIterable {
    case clientFault = 1
    case keyFault = 2
    case rateLimit = 3
    case upstreamStatus = 4
    case connect = 5
    case tls = 6
    case connectTimeout = 7
    case firstByteTimeout = 8
    case idleTimeout = 9
    case cut = 10
    case malformed = 11
    case clientGone = 12

    /// The name in the JSON form and in labels.
    public var name: String {
        switch self {
        case .clientFault: "client_fault"
        case .keyFault: "key_fault"
        case .rateLimit: "rate_limit"
        case .upstreamStatus: "upstream_status"
        case .connect: "connect"
        case .tls: "tls"
        case .connectTimeout: "connect_timeout"
        case .firstByteTimeout: "first_byte_timeout"
        case .idleTimeout: "idle_timeout"
        case .cut: "cut"
        case .malformed: "malformed"
        case .clientGone: "client_gone"
        }
    }
}

/// One try at one upstream with one key.
public struct Attempt: Equatable, Sendable {
    /// The upstream's authority, `api.openai.com` or `127.0.0.1:9000`; never its path, query or credentials.
    public var upstream: String
    /// The opaque id of the key, `k_` and 16 hex digits; nil when the client's own credential passed through.
    public var key: String?
    /// The upstream's status; nil when no answer came.
    public var status: UInt16?
    /// Why it failed; nil when it did not.
    public var failure: AttemptFailure?
    /// How long it took, in microseconds.
    public var duration: Int64

    /// An attempt.
    public init(upstream: String, key: String?, status: UInt16?, failure: AttemptFailure?, duration: Int64) {
        self.upstream = upstream
        self.key = key
        self.status = status
        self.failure = failure
        self.duration = duration
    }
}

/// `request.started`: a request that is on its way to an upstream and has not ended yet.
public struct RequestStarted: Equatable, Sendable {
    /// The request.
    public var id: RequestID
    /// When it started, in microseconds since 1970 (UTC).
    public var time: Int64
    /// The group it came through.
    public var group: String
    /// The client's opaque id, or its name in events of schema version 1; empty when anonymous.
    public var client: String
    /// The provider's name in the price book.
    public var provider: String
    /// Raw value of the operation (see `Metering.Operation`).
    public var operation: UInt8
    /// The model that the client asked for; empty when unknown.
    public var model: String

    /// A started request.
    public init(
        id: RequestID,
        time: Int64,
        group: String,
        client: String,
        provider: String,
        operation: UInt8,
        model: String
    ) {
        self.id = id
        self.time = time
        self.group = group
        self.client = client
        self.provider = provider
        self.operation = operation
        self.model = model
    }
}

/// `request.interrupted`: a request whose process ended before it did; written by the next start.
public struct RequestInterrupted: Equatable, Sendable {
    /// The request as it was started.
    public var started: RequestStarted
    /// When the interruption was noticed, in microseconds since 1970 (UTC).
    public var time: Int64

    /// An interrupted request.
    public init(started: RequestStarted, time: Int64) {
        self.started = started
        self.time = time
    }
}

/// `request.completed`: one proxied request, from the client's point of view, with all its attempts.
public struct RequestCompleted: Equatable, Sendable {
    /// The request.
    public var id: RequestID
    /// When it started, in microseconds since 1970 (UTC). Prices go by this time.
    public var time: Int64
    /// The group it came through.
    public var group: String
    /// The client's opaque id, or its name in events of schema version 1; empty when anonymous.
    public var client: String = ""
    /// What the client says the request belongs to, at most ``Tags/sessionLimit`` bytes; nil when it does not say.
    public var session: String?
    /// What the client marked the request with.
    public var tags = Tags()
    /// The provider's name in the price book.
    public var provider: String
    /// Raw value of the operation (see `Metering.Operation`).
    public var operation: UInt8 = 0
    /// Raw value of the dialect (see `Metering.Dialect`).
    public var dialect: UInt8 = 0
    /// The path that was asked of the upstream, without query, at most 256 bytes.
    public var path: String = ""
    /// The model that the client asked for; nil when unknown.
    public var modelRequested: String?
    /// The model that was sent upstream; nil when unknown.
    public var modelSent: String?
    /// The model that the provider says it served; nil when it did not say.
    public var modelReported: String?
    /// The provider's id of the answer; data only.
    public var responseID: String?
    /// True when the answer was a stream.
    public var stream: Bool = false
    /// The status the client got; 0 when it left before any.
    public var status: UInt16 = 0
    /// How it ended.
    public var outcome: Outcome = .completed
    /// The code of Tollgate's own refusal (`x-tollgate-error`); nil when the answer was the upstream's.
    public var error: String?
    /// From the request's first byte to the end of the answer, in microseconds.
    public var totalDuration: Int64 = 0
    /// From the request's first byte to the first body byte of the answer, in microseconds; nil when none came.
    public var firstByteDuration: Int64?
    /// The part of `totalDuration` spent waiting for upstreams, in microseconds.
    public var upstreamDuration: Int64 = 0
    /// Bytes of the request body.
    public var requestBytes: Int64 = 0
    /// Bytes of the answer's body as received from the upstream.
    public var responseBytes: Int64 = 0
    /// Every try at an upstream, in order.
    public var attempts: [Attempt] = []
    /// What the provider said was used.
    public var usage = Usage()
    /// The version of the reader that made `usage` of the answer; nil in events of schema version 1.
    public var normaliser: UInt8?
    /// What it cost when it happened.
    public var cost = Cost(state: .none)

    /// A completed request.
    public init(id: RequestID, time: Int64, group: String, provider: String) {
        self.id = id
        self.time = time
        self.group = group
        self.provider = provider
    }
}
