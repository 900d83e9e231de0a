/// Everything an operator can decide, validated and with its secrets resolved.
///
/// A value is immutable; a reload makes a new one. It is never printed whole: it holds credentials.
public struct Configuration: Sendable {
    /// Where the proxy listens.
    public var listen = Endpoint(host: "127.0.0.1", port: 8080)
    /// The management listener.
    public var admin = Admin()
    /// The one directory that holds the ledger, the views, the key and the management socket.
    public var dataDirectory = "./data"
    /// A file elsewhere that every signed checkpoint is appended to as well; nil for none.
    public var checkpointCopy: String?
    /// The name of the ledger's origin; fixed when the ledger is created.
    public var nodeName = "tollgate"
    /// The file of the operator's price book; nil means the built-in one.
    public var priceBookPath: String?
    /// Event loops; 0 means one per core.
    public var threads = 0
    /// Callers with keys of their own. When there are none, any caller may use any group.
    public var clients: [Client] = []
    /// The groups, by name in order of the file.
    public var groups: [Group] = []
    /// Options of `/metrics`.
    public var metrics = Metrics()
    /// Bounds in bytes, counts and time.
    public var limits = Limits()
    /// What to do with new requests while the ledger cannot write.
    public var onLedgerFailure = LedgerFailurePolicy.refuse
    /// Below so many free bytes on the file system of the data directory the ledger counts as one that cannot write;
    /// 0 for no such guard.
    public var minFreeSpace = 64 << 20
    /// How long a stop waits for requests in flight before it cuts them.
    public var drainTimeout = Duration.seconds(30)
    /// The lowest level that is logged: `trace` to `critical`.
    public var logLevel = "info"
    /// What the ids of provider keys are derived with: secret bytes that belong to the data directory, not to the file.
    public var keySalt: [UInt8] = []

    /// The configuration without any file: no clients and no groups yet.
    public init() {}

    /// A TCP address to listen on.
    public struct Endpoint: Equatable, Sendable {
        /// A host name or address, without brackets.
        public var host: String
        /// 0 lets the system choose.
        public var port: Int

        /// An address.
        public init(host: String, port: Int) {
            self.host = host
            self.port = port
        }

        /// True when only this machine can reach it.
        public var isLoopback: Bool { host == "localhost" || host == "::1" || host.hasPrefix("127.") }
    }

    /// The management listener.
    public struct Admin: Sendable {
        /// Where it listens; nil leaves only the socket in the data directory.
        public var listen: Endpoint? = Endpoint(host: "127.0.0.1", port: 8081)
        /// Bearer token for everything but health; nil means none is asked, allowed on loopback only.
        public var token: String?

        /// The default listener.
        public init() {}
    }

    /// Options of `/metrics`.
    public struct Metrics: Sendable {
        /// Bearer token for scrapes; nil means the admin token.
        public var token: String?
        /// Further sets of metric names to serve.
        public var compatibility: Set<Compatibility> = []
        /// The most series of one family; the rest counts as `other`.
        public var seriesLimit = 2000

        /// No token, no compatibility.
        public init() {}
    }

    /// A further set of metric names.
    public enum Compatibility: String, Sendable, CaseIterable {
        case gptLoad = "gpt-load"
        case genAI = "gen-ai"
    }

    /// A caller with a key of its own.
    public struct Client: Sendable {
        /// Its name in events and reports.
        public var name: String
        /// Its keys.
        public var keys: [String]
        /// The groups it may use; empty means all.
        public var groups: [String]

        /// A caller.
        public init(name: String, keys: [String], groups: [String]) {
            self.name = name
            self.keys = keys
            self.groups = groups
        }
    }

    /// What to do with new requests while the ledger cannot write.
    public enum LedgerFailurePolicy: String, Sendable, CaseIterable {
        case refuse
        case forward
    }

    /// Bounds in bytes, counts and time.
    public struct Limits: Sendable {
        /// The most bytes of a request body; more is answered with 413.
        public var requestBody = 32 * 1024 * 1024
        /// The most bytes of a message's head, request or answer.
        public var headers = 80 * 1024
        /// The most requests in flight; more are answered with 503.
        public var requestsInFlight = 8192
        /// How long a client may take for its request's head, and be idle between requests.
        public var clientIdle = Duration.seconds(75)
        /// How long a client may pause within its request body.
        public var clientBody = Duration.seconds(60)

        /// The default bounds.
        public init() {}
    }
}
