import FoundationEssentials
import Yams

extension Configuration {
    /// The most bytes of a configuration file.
    static let fileLimit = 4 << 20

    /// Reads the configuration file, strictly: all that is wrong with it is told at once, with line numbers.
    ///
    /// Relative paths in the file are relative to its folder. Secrets are read from the environment that is given
    /// (`env:NAME`) and from files (`file:PATH`). Blocking; call it from a thread that may wait.
    public static func load(
        path: String,
        environment: [String: String]
    ) throws(ConfigurationError) -> Configuration {
        try parse(try text(of: path), file: path, folder: folder(of: path), environment: environment)
    }

    /// The data directory that a configuration file names, without asking for its secrets or checking the rest.
    public static func dataDirectory(inFile path: String) throws(ConfigurationError) -> String {
        let list = ProblemList()
        let root = document(try text(of: path), list)
        guard list.problems.isEmpty else { throw ConfigurationError(file: path, problems: list.sorted) }
        guard let named = root?.mapping?["data_dir"]?.scalar?.string, !named.isEmpty else {
            return Configuration().dataDirectory
        }
        return SecretSource.absolute(named, in: folder(of: path))
    }

    private static func folder(of path: String) -> String { path.lastIndex(of: "/").map { String(path[...$0]) } ?? "" }

    private static func text(of path: String) throws(ConfigurationError) -> String {
        func refusal(_ message: String) -> ConfigurationError {
            ConfigurationError(file: path, problems: [.init(line: nil, setting: "", message: message)])
        }
        guard let data = FileManager.default.contents(atPath: path) else {
            throw refusal("the file cannot be read; check that it exists and its permissions")
        }
        guard data.count <= fileLimit else { throw refusal("the file is larger than \(fileLimit) bytes") }
        guard let text = String(data: data, encoding: .utf8) else { throw refusal("the file is not UTF-8 text") }
        return text
    }

    /// Reads a configuration from its text. `file` is only for messages, `folder` for relative paths.
    package static func parse(
        _ text: String,
        file: String,
        folder: String,
        environment: [String: String]
    ) throws(ConfigurationError) -> Configuration {
        let list = ProblemList()
        var result = Configuration()
        if let root = document(text, list) {
            let loader = ConfigurationLoader(
                secrets: SecretSource(environment: environment, folder: folder),
                list: list
            )
            loader.read(Setting(node: root, name: "", list: list), into: &result)
            if result.admin.token == nil { result.admin.token = environment["TOLLGATE_ADMIN_TOKEN"].nonEmpty }
            if result.metrics.token == nil { result.metrics.token = environment["METRICS_TOKEN"].nonEmpty }
            loader.checkWhole(result)
        }
        guard list.problems.isEmpty else { throw ConfigurationError(file: file, problems: list.sorted) }
        return result
    }

    /// The YAML document's root, nil after a problem was told.
    private static func document(_ text: String, _ list: ProblemList) -> Node? {
        do {
            if let node = try compose(yaml: text) { return node }
            list.add(nil, "", "the file is empty; it needs at least one group")
        } catch let error as YamlError {
            switch error {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                list.add(mark.line, "", "this is not YAML: \(problem) (column \(mark.column))")
            case .duplicatedKeysInMapping(let duplicates, let context):
                list.add(
                    context.mark.line,
                    "",
                    "the mapping that starts here has a key twice: \(duplicates.sorted().joined(separator: ", "))"
                )
            case .reader(let problem, _, _, _):
                list.add(nil, "", "the file cannot be read as YAML: \(problem)")
            default:
                list.add(nil, "", "the file cannot be read as YAML")
            }
        } catch {
            list.add(nil, "", "the file cannot be read as YAML")
        }
        return nil
    }
}

/// Reads the parts of a configuration outside its groups.
struct ConfigurationLoader {
    var secrets: SecretSource
    var list: ProblemList

    private static let keys = [
        "listen", "admin", "data_dir", "checkpoint_copy", "node_name", "price_book", "threads", "clients", "groups",
        "metrics", "limits",
        "on_ledger_failure", "min_free_space", "drain_timeout", "log_level",
    ]
    private static let endpointForm = "an address such as 127.0.0.1:8080 or [::1]:8080"
    private static let levels = ["trace", "debug", "info", "notice", "warning", "error", "critical"]

    func read(_ root: Setting, into result: inout Configuration) {
        guard let found = root.section(Self.keys) else { return }
        if let value = found["listen"]?.value(Self.endpointForm, Scalars.endpoint) { result.listen = value }
        if let admin = found["admin"] { readAdmin(admin, into: &result.admin) }
        if let value = found["data_dir"]?.string() {
            result.dataDirectory = SecretSource.absolute(value, in: secrets.folder)
        }
        if let value = found["checkpoint_copy"]?.string() {
            result.checkpointCopy = SecretSource.absolute(value, in: secrets.folder)
        }
        if let setting = found["node_name"], let value = setting.string() {
            if isName(value, limit: 64) {
                result.nodeName = value
            } else {
                setting.problem("must be 1 to 64 lower-case letters, digits, _ and -")
            }
        }
        if let value = found["price_book"]?.string() {
            result.priceBookPath = SecretSource.absolute(value, in: secrets.folder)
        }
        if let value = found["threads"]?.integer(0...1024) { result.threads = value }
        if let value = found["on_ledger_failure"]?.choice(Configuration.LedgerFailurePolicy.self) {
            result.onLedgerFailure = value
        }
        if let value = found["min_free_space"]?.size(0...(1 << 50)) { result.minFreeSpace = value }
        if let value = found["drain_timeout"]?.duration() { result.drainTimeout = value }
        if let value = found["log_level"]?.choice(among: Self.levels) { result.logLevel = value }
        if let metrics = found["metrics"] { readMetrics(metrics, into: &result.metrics) }
        if let limits = found["limits"] { readLimits(limits, into: &result.limits) }
        if let groups = found["groups"] {
            result.groups = GroupLoader(secrets: secrets).read(groups)
            let names = groups.entries()?.map(\.key) ?? []
            if let clients = found["clients"] { result.clients = readClients(clients, groups: names) }
        } else {
            list.add(nil, "groups", "is missing; at least one group is needed")
            if let clients = found["clients"] { result.clients = readClients(clients, groups: nil) }
        }
    }

    /// What can only be told from several settings together.
    func checkWhole(_ result: Configuration) {
        if let endpoint = result.admin.listen {
            if !endpoint.isLoopback, result.admin.token == nil {
                list.add(
                    nil,
                    "admin.token",
                    "is needed because admin.listen (\(endpoint.host)) can be reached from other machines; "
                        + "set it, or TOLLGATE_ADMIN_TOKEN, or listen on 127.0.0.1"
                )
            }
            if endpoint == result.listen, endpoint.port != 0 {
                list.add(nil, "admin.listen", "is the same address as `listen`; the two need different ports")
            }
        }
    }

    private func readAdmin(_ setting: Setting, into admin: inout Configuration.Admin) {
        guard let found = setting.section(["listen", "token"]) else { return }
        if let listen = found["listen"] {
            let form = Self.endpointForm + ", or none"
            let value = listen.value(form) { text -> Configuration.Endpoint?? in
                text == "none" ? .some(nil) : Scalars.endpoint(text).map { .some($0) }
            }
            if let value { admin.listen = value }
        }
        if let token = found["token"].flatMap(secrets.resolveOne) { admin.token = token }
    }

    private func readMetrics(_ setting: Setting, into metrics: inout Configuration.Metrics) {
        guard let found = setting.section(["token", "compat", "series_limit"]) else { return }
        if let token = found["token"].flatMap(secrets.resolveOne) { metrics.token = token }
        if let items = found["compat"]?.items() {
            metrics.compatibility = Set(items.compactMap { $0.choice(Configuration.Compatibility.self) })
        }
        if let value = found["series_limit"]?.integer(1...1_000_000) { metrics.seriesLimit = value }
    }

    private func readLimits(_ setting: Setting, into limits: inout Configuration.Limits) {
        let known = ["request_body", "headers", "requests_in_flight", "client_idle", "client_body"]
        guard let found = setting.section(known) else { return }
        if let value = found["request_body"]?.size(1024...(1 << 32)) { limits.requestBody = value }
        if let value = found["headers"]?.size(1024...(16 << 20)) { limits.headers = value }
        if let value = found["requests_in_flight"]?.integer(1...1_000_000) { limits.requestsInFlight = value }
        if let value = found["client_idle"]?.duration() { limits.clientIdle = value }
        if let value = found["client_body"]?.duration() { limits.clientBody = value }
    }

    private func readClients(_ setting: Setting, groups: [String]?) -> [Configuration.Client] {
        guard let items = setting.items() else { return [] }
        var owners: [String: String] = [:]
        var names: Set<String> = []
        return items.compactMap { item in
            guard let found = item.section(["name", "key", "keys", "groups"]) else { return nil }
            guard let name = found["name"] else {
                item.problem("needs a `name`")
                return nil
            }
            guard let text = name.string() else { return nil }
            if text.isEmpty || text.utf8.count > 100 || text.unicodeScalars.contains(where: { $0.value < 0x20 }) {
                name.problem("must be a text of 1 to 100 bytes")
            }
            if !names.insert(text).inserted { name.problem("is used by an earlier client; names must differ") }
            let sources = [found["key"]].compactMap(\.self) + (found["keys"]?.items() ?? [])
            if found["key"] == nil, found["keys"] == nil {
                item.problem("needs a `key` (or `keys`); `tollgate keys new` makes one")
            }
            var keys: [String] = []
            for source in sources {
                for key in secrets.resolve(source) ?? [] {
                    if key.utf8.count < 8 { source.problem("is a key of fewer than 8 characters, too easy to guess") }
                    if let owner = owners[key] { source.problem("is the same key as one of client \"\(owner)\"") }
                    owners[key] = text
                    keys.append(key)
                }
            }
            var allowed: [String] = []
            for group in found["groups"]?.items() ?? [] {
                guard let wanted = group.string() else { continue }
                if let groups, !groups.contains(wanted) {
                    group.problem(
                        "there is no group \"\(Setting.shown(wanted))\"" + Suggestion.text(for: wanted, among: groups)
                    )
                }
                allowed.append(wanted)
            }
            if let list = found["groups"], allowed.isEmpty, list.items()?.isEmpty == true {
                list.problem("is empty; leave it out to allow every group")
            }
            return Configuration.Client(name: text, keys: keys, groups: allowed)
        }
    }
}

/// Whether a text is a name of lower-case letters, digits, `_` and `-`.
func isName(_ text: String, limit: Int) -> Bool {
    (1...limit).contains(text.utf8.count)
        && text.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"),
                UInt8(ascii: "-"):
                true
            default: false
            }
        }
}

extension String? {
    /// The text, nil also when it is empty.
    var nonEmpty: String? { self?.isEmpty == true ? nil : self }
}
