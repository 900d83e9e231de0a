internal import Settings

/// Everything that a request is routed by: one immutable value, swapped whole on a reload.
final class RoutingTable: Sendable {
    let groups: [String: GroupRuntime]
    private let clients: [String: Caller]
    /// True when callers must show a key of their own.
    let authenticates: Bool
    let limits: Configuration.Limits
    /// Two of the limits in nanoseconds.
    let clientIdleTime: Int64
    let clientBodyTime: Int64
    let failurePolicy: Configuration.LedgerFailurePolicy

    /// Who calls, and which groups are open to them.
    struct Caller: Sendable {
        let name: String
        /// Empty means all.
        let groups: Set<String>

        func mayUse(_ group: String) -> Bool { groups.isEmpty || groups.contains(group) }
    }

    init(_ configuration: Configuration, previous: RoutingTable?) throws(GatewayError) {
        var groups: [String: GroupRuntime] = [:]
        for group in configuration.groups {
            groups[group.name] = try GroupRuntime(
                group,
                keySalt: configuration.keySalt,
                previous: previous?.groups[group.name]
            )
        }
        self.groups = groups
        var clients: [String: Caller] = [:]
        for client in configuration.clients {
            let caller = Caller(name: client.name, groups: Set(client.groups))
            for key in client.keys { clients[key] = caller }
        }
        self.clients = clients
        authenticates = !configuration.clients.isEmpty
        limits = configuration.limits
        clientIdleTime = limits.clientIdle.nanoseconds
        clientBodyTime = limits.clientBody.nanoseconds
        failurePolicy = configuration.onLedgerFailure
    }

    /// The caller that a key belongs to. The lookup hashes with a seed of this process, so its time tells nothing.
    func caller(key: String) -> Caller? { clients[key] }
}
