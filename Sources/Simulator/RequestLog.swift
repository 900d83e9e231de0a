import Synchronization

/// One request as the simulator received it.
public struct ReceivedRequest: Equatable, Sendable {
    /// The method, such as `POST`.
    public var method: String
    /// The request target as sent, its query without the value of `key`.
    public var target: String
    /// The header fields in order; credentials are cut to their last six characters.
    public var headers: [Header]
    /// The body, at most ``bodyLimit`` bytes of it.
    public var body: [UInt8]
    /// How long the whole body was.
    public var bodyBytes: Int
    /// A number of the connection that it came on.
    public var connection: Int

    /// The most bytes of a body that are kept.
    public static let bodyLimit = 64 * 1024

    /// A header field.
    public struct Header: Equatable, Sendable {
        /// The name as sent.
        public var name: String
        /// The value as sent.
        public var value: String
    }

    /// The target without its query.
    public var path: String { String(target.prefix { $0 != "?" }) }

    /// The first value of a header, by its name in any case.
    public func header(_ name: String) -> String? {
        headers.first { $0.name.lowercased() == name.lowercased() }?.value
    }
}

/// What the handlers of one simulator share: its rules, its log and its counters. Safe from any thread.
final class SharedState: Sendable {
    private struct State {
        var requests: [ReceivedRequest] = []
        var answered: [String: Int] = [:]
        var serial = 0
        var connections = 0
    }

    /// The most requests that the log keeps; older ones go first.
    static let logLimit = 256
    private static let tagLimit = 4096

    let bench = BenchAnswers()
    /// The credentials that are accepted; nil accepts any.
    let keys: Set<String>?
    private let state = Mutex(State())

    init(keys: Set<String>?) { self.keys = keys }

    var requests: [ReceivedRequest] { state.withLock { $0.requests } }

    func clear() { state.withLock { $0.requests = [] } }

    /// Logs a request and returns its number.
    func received(_ request: ReceivedRequest) -> Int {
        state.withLock { state in
            if state.requests.count >= Self.logLimit { state.requests.removeFirst(Self.logLimit / 4) }
            state.requests.append(request)
            state.serial += 1
            return state.serial
        }
    }

    /// The number of a new connection.
    func connected() -> Int {
        state.withLock { state in
            state.connections += 1
            return state.connections
        }
    }

    /// True for the first `limit` requests of a tag.
    func strikes(_ tag: String, first limit: Int) -> Bool {
        state.withLock { state in
            if state.answered.count >= Self.tagLimit { state.answered = [:] }
            let count = state.answered[tag, default: 0]
            state.answered[tag] = count + 1
            return count < limit
        }
    }
}
