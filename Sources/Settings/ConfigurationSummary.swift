import Crypto

extension Configuration {
    /// What is configured, in words and without secrets: one line a group, then clients and listeners.
    public var summary: String {
        var lines = groups.map { group in
            let credentials =
                group.keys.isEmpty ? "credentials of the client" : Self.count(group.keys.count, "key", "keys")
            let hosts = group.upstreams.map(\.authority).joined(separator: ", ")
            return "group \(group.name): \(group.dialect) at \(hosts), \(credentials)"
        }
        lines.append(clients.isEmpty ? "clients: anybody" : Self.count(clients.count, "client", "clients"))
        lines.append("proxy at \(listen.host):\(listen.port)")
        if let endpoint = admin.listen {
            let guarded = admin.token == nil ? "without token" : "with token"
            lines.append("management at \(endpoint.host):\(endpoint.port), \(guarded)")
        } else {
            lines.append("management by the socket only")
        }
        lines.append("price book: \(priceBookPath.map(Self.fileName) ?? "built-in")")
        return lines.joined(separator: "\n")
    }

    /// SHA-256 of every setting that serving goes by, secrets left out: 32 bytes.
    public var hash: [UInt8] { Array(SHA256.hash(data: Array(canonicalText.utf8))) }

    /// Every setting in a fixed order and form. Of secrets it says only how many there are.
    var canonicalText: String {
        var lines = [
            "listen \(listen.host) \(listen.port)",
            "admin \(admin.listen.map { "\($0.host) \($0.port)" } ?? "none") \(admin.token == nil)",
            "node \(nodeName)", "book \(priceBookPath.map(Self.fileName) ?? "")", "threads \(threads)",
            "metrics \(metrics.token == nil) \(metrics.compatibility.map(\.rawValue).sorted()) \(metrics.seriesLimit)",
            "limits \(limits.requestBody) \(limits.headers) \(limits.requestsInFlight) \(limits.clientIdle) \(limits.clientBody)",
            "failure \(onLedgerFailure.rawValue)", "space \(minFreeSpace)", "drain \(drainTimeout)", "log \(logLevel)",
        ]
        if let checkpointCopy { lines.append("copy \(Self.fileName(checkpointCopy))") }
        lines += clients.map { "client \($0.name) \($0.keys.count) \($0.groups)" }
        for group in groups {
            lines.append("group \(group.name) \(group.dialect) \(group.provider) \(group.keys.count) \(group.retries)")
            lines += group.upstreams.map {
                "upstream \($0.tls) \($0.authority)\($0.basePath) \($0.weight) \($0.caFile ?? "")"
            }
            lines.append("timeouts \(group.timeouts.connect) \(group.timeouts.firstByte) \(group.timeouts.idle)")
            lines.append(
                "leave \(group.onDisconnect.rawValue) \(group.drainBytes) \(group.drainTime) \(group.asksUsage)"
            )
            lines += group.modelRedirects.sorted(by: { $0.key < $1.key }).map { "redirect \($0.key) \($0.value)" }
            lines += group.modelAliases.sorted(by: { $0.key < $1.key }).map { "alias \($0.key) \($0.value)" }
        }
        return lines.joined(separator: "\n")
    }

    private static func count(_ number: Int, _ one: String, _ many: String) -> String {
        "\(number) \(number == 1 ? one : many)"
    }

    private static func fileName(_ path: String) -> String { path.split(separator: "/").last.map(String.init) ?? path }
}
