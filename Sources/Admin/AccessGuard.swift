/// Decides who may ask the management listener what.
struct AccessGuard: Sendable {
    var adminToken: String?
    var metricsToken: String?
    /// The socket in the data directory asks for no token: its file mode is the permission.
    var isSocket: Bool

    /// What a request brings with it.
    struct Credentials {
        var authorization: String?
        var host: String?
        var origin: String?
        var fetchSite: String?
    }

    /// Pages that hold no data and that probes must reach.
    private static let open: Set<String> = ["/healthz", "/readyz", "/", "/favicon.ico"]

    /// Throws when the request is not allowed.
    func check(_ request: ManagementRequest, _ credentials: Credentials) throws(ManagementError) {
        if isSocket || Self.open.contains(request.path) { return }
        let tokens =
            request.path == "/metrics"
            ? [metricsToken, adminToken].compactMap(\.self) : [adminToken].compactMap(\.self)
        guard tokens.isEmpty else { return try checkToken(tokens, credentials.authorization) }
        try checkBrowser(request, credentials)
    }

    private func checkToken(_ tokens: [String], _ authorization: String?) throws(ManagementError) {
        let given = authorization.flatMap(Self.bearer) ?? ""
        // Every token is compared, so that the time does not tell which one was nearly right.
        let matches = tokens.reduce(false) { found, token in Self.equal(given, token) || found }
        guard matches else {
            throw ManagementError(
                .unauthorized,
                authorization == nil
                    ? "A token is needed: send the header Authorization: Bearer TOKEN"
                    : "The token is not the one of this listener"
            )
        }
    }

    /// Without a token only loopback is trusted; a web page in a local browser is not, so a foreign name (DNS
    /// rebinding) and a foreign origin (cross-site request) are refused.
    private func checkBrowser(_ request: ManagementRequest, _ credentials: Credentials) throws(ManagementError) {
        if let host = credentials.host, !Self.isLoopback(host) {
            throw ManagementError(
                .forbidden,
                "Without admin.token this listener answers only to a loopback name, not to the host that was asked for"
            )
        }
        let isForeign =
            credentials.origin.map { !Self.isLoopback($0.split(separator: "/").last.map(String.init) ?? "") } ?? false
        if isForeign || credentials.fetchSite == "cross-site" {
            throw ManagementError(.forbidden, "A page of another site must not use this listener")
        }
    }

    private static func bearer(_ header: String) -> String? {
        guard header.prefix(7).lowercased() == "bearer " else { return nil }
        return String(header.dropFirst(7).drop { $0 == " " })
    }

    /// Compares in a time that depends on the length of what was given alone.
    static func equal(_ given: String, _ token: String) -> Bool {
        let expected = Array(token.utf8)
        guard !expected.isEmpty else { return false }
        var difference = given.utf8.count ^ expected.count
        var index = 0
        for byte in given.utf8 {
            difference |= Int(byte ^ expected[index])
            index = index + 1 < expected.count ? index + 1 : 0
        }
        return difference == 0
    }

    private static func isLoopback(_ authority: String) -> Bool {
        var host = Substring(authority)
        if host.hasPrefix("[") {
            host = host.dropFirst().prefix { $0 != "]" }
        } else {
            host = host.prefix { $0 != ":" }
        }
        return host.lowercased() == "localhost" || host == "::1" || host.hasPrefix("127.")
    }
}
