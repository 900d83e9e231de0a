internal import NIOCore
internal import NIOSSL
internal import Settings
internal import Synchronization

/// One upstream of a group, ready to connect to, and how it has fared; shared by all event loops.
final class UpstreamTarget: Sendable {
    let host: String
    let port: Int
    let authority: String
    let basePath: String
    let weight: Int
    let connectTimeout: TimeAmount
    /// The TLS context and, unless the host is an address, the name to verify; nil for plain TCP.
    let tls: (context: NIOSSLContext, serverName: String?)?
    private let ejectedUntil = Atomic<Int64>(0)
    private let faults = Atomic<Int>(0)

    init(_ upstream: Configuration.Upstream, connectTimeout: Duration) throws(GatewayError) {
        host = upstream.host
        port = upstream.port
        authority = upstream.authority
        basePath = upstream.basePath
        weight = max(0, upstream.weight)
        self.connectTimeout = TimeAmount(connectTimeout)
        guard upstream.tls else {
            tls = nil
            return
        }
        let isAddress = (try? SocketAddress(ipAddress: upstream.host, port: upstream.port)) != nil
        do {
            var configuration = TLSConfiguration.makeClientConfiguration()
            configuration.applicationProtocols = ["http/1.1"]
            if let file = upstream.caFile {
                configuration.additionalTrustRoots = [.file(file)]
            }
            tls = (try NIOSSLContext(configuration: configuration), isAddress ? nil : upstream.host)
        } catch {
            throw GatewayError(
                .tls,
                "cannot set up TLS towards \(upstream.authority): \(error). Check ca_file and the system's certificates."
            )
        }
    }

    /// When it may be asked again, in monotonic nanoseconds; in the past when it may be asked now.
    var availableAt: Int64 { ejectedUntil.load(ordering: .relaxed) }

    /// A good answer clears what went before.
    func succeeded() {
        guard faults.load(ordering: .relaxed) != 0 else { return }
        faults.store(0, ordering: .relaxed)
        ejectedUntil.store(0, ordering: .relaxed)
    }

    /// It could not be reached or failed: passed over for half a second, doubling to half a minute.
    ///
    /// Requests that fail together are one incident: while it is passed over, another failure does not double the time.
    func failed(now: Int64) {
        guard availableAt <= now else { return }
        let count = faults.wrappingAdd(1, ordering: .relaxed).newValue
        let milliseconds = min(30_000, 500 << min(count - 1, 6))
        ejectedUntil.store(now + Int64(milliseconds) * 1_000_000, ordering: .relaxed)
    }
}
