import NIOHTTP1

/// The parts of a request's head that the simulator looks at.
struct IncomingRequest {
    let method: String
    let path: Substring
    let query: Substring
    /// The key, wherever it stands.
    let credential: String?
    private let head: HTTPRequestHead

    private static let credentialHeaders: Set = ["authorization", "x-api-key", "x-goog-api-key", "api-key"]

    init(head: HTTPRequestHead) {
        self.head = head
        method = head.method.rawValue
        let parts = head.uri.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false)
        path = parts.first ?? ""
        query = parts.count > 1 ? parts[1] : ""
        let headers = head.headers
        if let value = headers.first(name: "authorization") {
            credential = value.lowercased().hasPrefix("bearer ") ? String(value.dropFirst(7)) : value
        } else if let value = headers.first(name: "x-api-key") ?? headers.first(name: "x-goog-api-key") {
            credential = value
        } else {
            credential = query.split(separator: "&").first { $0.hasPrefix("key=") }
                .map { percentDecoded($0.dropFirst(4)) }
        }
    }

    /// The status that a key of the form `...status-NNN...` is always answered with.
    var statusOfKey: Int? {
        guard let credential, let range = credential.firstRange(of: "status-") else { return nil }
        return Int(credential[range.upperBound...].prefix(3)).flatMap { (200...599).contains($0) ? $0 : nil }
    }

    /// The log's entry; credentials lose all but their last six characters.
    func logged(body: [UInt8], connection: Int) -> ReceivedRequest {
        let cut = { (value: String) in value.count > 6 ? "..." + value.suffix(6) : value }
        var target = String(path)
        if !query.isEmpty {
            let items = query.split(separator: "&", omittingEmptySubsequences: false)
                .map { $0.hasPrefix("key=") ? "key=" + cut(String($0.dropFirst(4))) : String($0) }
            target += "?" + items.joined(separator: "&")
        }
        return ReceivedRequest(
            method: method,
            target: target,
            headers: head.headers.map { name, value in
                let secret = Self.credentialHeaders.contains(name.lowercased())
                return ReceivedRequest.Header(name: name, value: secret ? cut(value) : value)
            },
            body: Array(body.prefix(ReceivedRequest.bodyLimit)),
            bodyBytes: body.count,
            connection: connection
        )
    }
}
