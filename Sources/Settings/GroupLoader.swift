/// Reads the groups of a configuration.
struct GroupLoader {
    var secrets: SecretSource

    private static let keys = [
        "dialect", "provider", "upstreams", "keys", "credentials", "timeouts", "retries", "on_disconnect", "drain",
        "model_redirects", "model_aliases", "ask_usage",
    ]
    private static let dialects = ["openai", "anthropic", "gemini", "bedrock", "cohere", "ollama", "auto"]

    /// The groups in the order of the file; what is wrong with them is told.
    func read(_ setting: Setting) -> [Configuration.Group] {
        guard let entries = setting.entries() else { return [] }
        if entries.isEmpty { setting.problem("is empty; at least one group is needed") }
        return entries.compactMap { entry in
            if !isName(entry.key, limit: 100) {
                entry.value.list.add(
                    entry.line,
                    entry.value.name,
                    "a group's name must be 1 to 100 lower-case letters, digits, _ and -"
                )
            }
            return group(entry.value, name: entry.key)
        }
    }

    /// The provider's name in the price book that a dialect stands for.
    static func provider(for dialect: String) -> String {
        switch dialect {
        case "gemini": "google"
        case "bedrock": "aws"
        default: dialect
        }
    }

    private func group(_ setting: Setting, name: String) -> Configuration.Group? {
        guard let found = setting.section(Self.keys) else { return nil }
        let dialect = found["dialect"].map { $0.choice(among: Self.dialects) ?? "auto" } ?? "auto"
        let provider = found["provider"]?.string() ?? (dialect == "auto" ? name : Self.provider(for: dialect))
        var group = Configuration.Group(name: name, provider: provider, upstreams: [])
        group.dialect = dialect
        if let upstreams = found["upstreams"] {
            group.upstreams = (upstreams.items() ?? []).compactMap(upstream)
            if case .some(let items) = upstreams.items(), !items.contains(where: { _ in true }) {
                upstreams.problem("is empty; at least one upstream is needed")
            } else if !group.upstreams.isEmpty, group.upstreams.allSatisfy({ $0.weight == 0 }) {
                upstreams.problem("has no upstream with a weight above 0")
            }
        } else {
            setting.problem("needs `upstreams`, such as [{url: https://api.example.com}]")
        }
        readCredentials(found, of: setting, into: &group)
        if let timeouts = found["timeouts"]?.section(["connect", "first_byte", "idle"]) {
            if let value = timeouts["connect"]?.duration() { group.timeouts.connect = value }
            if let value = timeouts["first_byte"]?.duration() { group.timeouts.firstByte = value }
            if let value = timeouts["idle"]?.duration() { group.timeouts.idle = value }
        }
        if let value = found["retries"]?.integer(0...16) { group.retries = value }
        if let value = found["on_disconnect"]?.choice(Configuration.DisconnectPolicy.self) {
            group.onDisconnect = value
        }
        if let drain = found["drain"]?.section(["bytes", "time"]) {
            if let value = drain["bytes"]?.size(0...(1 << 32)) { group.drainBytes = value }
            if let value = drain["time"]?.duration() { group.drainTime = value }
        }
        if let value = found["model_redirects"].flatMap(names) { group.modelRedirects = value }
        if let value = found["model_aliases"].flatMap(names) { group.modelAliases = value }
        if let value = found["ask_usage"]?.bool() { group.asksUsage = value }
        return group
    }

    private func readCredentials(
        _ found: [String: Setting],
        of setting: Setting,
        into group: inout Configuration.Group
    ) {
        let passes = found["credentials"].map { $0.choice(among: ["passthrough"]) != nil }
        if let keys = found["keys"] {
            guard let items = keys.items() else { return }
            if items.isEmpty {
                keys.problem("is empty; list the provider's keys, or write `credentials: passthrough` instead")
            }
            for item in items { group.keys += secrets.resolve(item) ?? [] }
            var seen: Set<String> = []
            group.keys = group.keys.filter { seen.insert($0).inserted }
            if passes == true { found["credentials"]?.problem("contradicts `keys`; leave one of the two out") }
        } else if passes == nil {
            setting.problem(
                "needs `keys`, such as [env:PROVIDER_API_KEY], or `credentials: passthrough` to let clients bring their own"
            )
        }
    }

    private func upstream(_ setting: Setting) -> Configuration.Upstream? {
        guard let found = setting.section(["url", "weight", "ca_file"]) else { return nil }
        guard let url = found["url"] else {
            setting.problem("needs a `url`, such as https://api.example.com")
            return nil
        }
        guard let text = url.string() else { return nil }
        switch UpstreamURL.parse(text) {
        case .failure(let refusal):
            url.problem(refusal.message)
            return nil
        case .success(var upstream):
            if let weight = found["weight"]?.integer(0...1_000_000) { upstream.weight = weight }
            if let file = found["ca_file"]?.string() {
                upstream.caFile = SecretSource.absolute(file, in: secrets.folder)
            }
            return upstream
        }
    }

    private func names(_ setting: Setting) -> [String: String]? {
        guard let entries = setting.entries() else { return nil }
        var result: [String: String] = [:]
        for entry in entries {
            guard let value = entry.value.string() else { continue }
            if value.isEmpty || entry.key.isEmpty { entry.value.problem("must not be empty") }
            result[entry.key] = value
        }
        return result
    }
}
