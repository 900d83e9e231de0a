/// Why the gateway could not be set up.
public struct GatewayError: Error, CustomStringConvertible, Sendable {
    /// The kind of failure.
    public struct Code: Equatable, Sendable {
        private enum Base: Equatable, Sendable { case configuration, tls, listen }
        private let base: Base
        private init(_ base: Base) { self.base = base }

        /// A group cannot work as configured.
        public static let configuration = Code(.configuration)
        /// TLS towards an upstream cannot be set up.
        public static let tls = Code(.tls)
        /// The address to listen on is not to be had.
        public static let listen = Code(.listen)
    }

    /// The kind of failure.
    public let code: Code
    /// What happened, to what, and what to do next.
    public let description: String

    init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }
}
