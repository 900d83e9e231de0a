internal import Metering
internal import NIOCore
internal import Settings
internal import Synchronization

/// A group as requests are served with it: immutable but for the counters; shared by all event loops.
final class GroupRuntime: Sendable {
    let name: String
    let provider: String
    let dialect: Dialect
    let upstreams: [UpstreamTarget]
    let credentials: [Credential]
    let firstByteTimeout: Int64
    let idleTimeout: Int64
    let connectTimeout: Int64
    let retries: Int
    let drains: Bool
    let drainBytes: Int
    let drainTime: Int64
    let modelRedirects: [String: String]
    let modelAliases: [String: String]
    let asksUsage: Bool
    /// Requests between their head and the commit of their event.
    let inFlight = Atomic<Int>(0)

    /// Credentials and their standing are taken over from `previous` when a reload keeps them.
    init(_ group: Configuration.Group, keySalt: [UInt8], previous: GroupRuntime?) throws(GatewayError) {
        name = group.name
        provider = group.provider
        dialect = Dialect(name: group.dialect) ?? .auto
        var upstreams: [UpstreamTarget] = []
        for upstream in group.upstreams where upstream.weight > 0 {
            upstreams.append(try UpstreamTarget(upstream, connectTimeout: group.timeouts.connect))
        }
        guard !upstreams.isEmpty else {
            throw GatewayError(
                .configuration,
                "group \(group.name) has no upstream with a weight above 0. Add one under groups.\(group.name).upstreams."
            )
        }
        self.upstreams = upstreams
        let known = Dictionary(
            (previous?.credentials ?? []).map { ($0.secret, $0) },
            uniquingKeysWith: { first, _ in first }
        )
        credentials = group.keys.map { known[$0] ?? Credential(secret: $0, salt: keySalt) }
        firstByteTimeout = group.timeouts.firstByte.nanoseconds
        idleTimeout = group.timeouts.idle.nanoseconds
        connectTimeout = group.timeouts.connect.nanoseconds
        retries = max(0, group.retries)
        drains = group.onDisconnect == .drain
        drainBytes = group.drainBytes
        drainTime = group.drainTime.nanoseconds
        modelRedirects = group.modelRedirects
        modelAliases = group.modelAliases
        asksUsage = group.asksUsage
    }
}

extension Duration {
    /// The duration in whole nanoseconds, saturating.
    var nanoseconds: Int64 {
        let (seconds, attoseconds) = components
        let (product, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : product.addingReportingOverflow(attoseconds / 1_000_000_000).0
    }
}
