/// The reading of an upstream's base URL.
enum UpstreamURL {
    /// The upstream that `http(s)://HOST[:PORT][/PATH]` names, or what is wrong with it.
    static func parse(_ text: String) -> Result<Configuration.Upstream, Refusal> {
        guard let separator = text.firstRange(of: "://") else {
            return .failure(Refusal("is not a URL; write https://HOST or http://HOST:PORT"))
        }
        let tls: Bool
        switch text[..<separator.lowerBound].lowercased() {
        case "https": tls = true
        case "http": tls = false
        default: return .failure(Refusal("has an unknown scheme; write https:// or http://"))
        }
        let rest = text[separator.upperBound...]
        guard !rest.contains(where: { $0 == "?" || $0 == "#" }) else {
            return .failure(Refusal("must not have a query or a fragment; clients bring their own"))
        }
        guard rest.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f }) else {
            return .failure(Refusal("has characters that are not allowed in a URL"))
        }
        let authority = rest.prefix { $0 != "/" }
        var path = rest[authority.endIndex...]
        while path.hasSuffix("/") { path = path.dropLast() }
        guard !authority.contains("@") else {
            return .failure(Refusal("must not carry credentials; put them under `keys`"))
        }
        var host = authority
        var port = tls ? 443 : 80
        // The last colon belongs to a port only outside the brackets of an IPv6 address.
        if let colon = authority.lastIndex(of: ":"), authority[colon...].contains("]") == false {
            guard let endpoint = Scalars.endpoint(String(authority)), endpoint.port > 0 else {
                return .failure(Refusal("has a port that is not a number from 1 to 65535"))
            }
            host = authority[..<colon]
            port = endpoint.port
        }
        if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
        guard Scalars.isHost(host) else { return .failure(Refusal("has no valid host name")) }
        return .success(
            Configuration.Upstream(tls: tls, host: String(host), port: port, basePath: String(path))
        )
    }

    /// Why a URL is refused, to follow the name of the setting.
    struct Refusal: Error {
        var message: String

        init(_ message: String) { self.message = message }
    }
}
