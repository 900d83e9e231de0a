extension Configuration {
    /// A named way to one provider: its upstreams, its keys and its rules.
    public struct Group: Sendable {
        /// The name in `/proxy/{name}/`: lower-case letters, digits, `_` and `-`, 1 to 100 of them.
        public var name: String
        /// The dialect: `openai`, `anthropic`, `gemini`, `bedrock`, `cohere`, `ollama` or `auto`.
        public var dialect = "auto"
        /// The provider's name in the price book; when not given it follows from the dialect.
        public var provider: String
        /// Where requests go.
        public var upstreams: [Upstream]
        /// The provider's credentials, in rotation; empty means the client's own credential passes through.
        public var keys: [String] = []
        /// Time bounds towards the upstream.
        public var timeouts = Timeouts()
        /// The most further attempts after the first.
        public var retries = 3
        /// What happens to the upstream's answer when the client leaves.
        public var onDisconnect = DisconnectPolicy.cancel
        /// With `drain`: the most bytes and the longest time the answer is read on.
        public var drainBytes = 1024 * 1024
        /// With `drain`: the longest time the answer is read on.
        public var drainTime = Duration.seconds(30)
        /// Models renamed on the way upstream.
        public var modelRedirects: [String: String] = [:]
        /// Names for this provider's models in the price book, such as Azure deployments.
        public var modelAliases: [String: String] = [:]
        /// Whether usage is asked of OpenAI-style streams when the client did not.
        public var asksUsage = true

        /// A group.
        public init(name: String, provider: String, upstreams: [Upstream]) {
            self.name = name
            self.provider = provider
            self.upstreams = upstreams
        }
    }

    /// One base URL of a provider.
    public struct Upstream: Sendable {
        /// Whether to speak TLS.
        public var tls: Bool
        /// Host name or address, without brackets.
        public var host: String
        /// TCP port.
        public var port: Int
        /// What precedes the client's path; empty or starting with `/`, never ending with one.
        public var basePath: String
        /// Share of the requests; 0 turns it off.
        public var weight: Int
        /// A PEM file of further certificate authorities; nil means the system's.
        public var caFile: String?

        /// An upstream.
        public init(tls: Bool, host: String, port: Int, basePath: String = "", weight: Int = 1, caFile: String? = nil) {
            self.tls = tls
            self.host = host
            self.port = port
            self.basePath = basePath
            self.weight = weight
            self.caFile = caFile
        }

        /// The authority for the `host` header and for events: the port only where it is not the scheme's own.
        public var authority: String {
            let name = host.contains(":") ? "[\(host)]" : host
            return port == (tls ? 443 : 80) ? name : "\(name):\(port)"
        }
    }

    /// Time bounds towards an upstream.
    public struct Timeouts: Sendable {
        /// To connect, TLS included.
        public var connect = Duration.seconds(5)
        /// From the request's last byte to the answer's first.
        public var firstByte = Duration.seconds(600)
        /// Between two pieces of an answer.
        public var idle = Duration.seconds(120)

        /// The default bounds.
        public init() {}
    }

    /// What happens to the upstream's answer when the client leaves.
    public enum DisconnectPolicy: String, Sendable, CaseIterable {
        case cancel
        case drain
    }
}
