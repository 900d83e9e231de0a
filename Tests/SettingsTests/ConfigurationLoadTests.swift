import Settings
import Testing

@Suite struct ConfigurationLoadTests {
    static let environment = ["OPENAI": "sk-one, sk-two", "ADMIN": "admin-token", "ALICE": "alice-key-1", "EMPTY": ""]

    static func parse(_ text: String) throws(ConfigurationError) -> Configuration {
        try Configuration.parse(text, file: "t.yaml", folder: "/etc/tollgate", environment: environment)
    }

    static let minimal = "groups:\n  a:\n    upstreams: [{url: http://h:1}]\n    credentials: passthrough\n"

    @Test func readsEverySetting() throws {
        let configuration = try Self.parse(
            """
            listen: "[::1]:9000"
            admin: {listen: 0.0.0.0:9001, token: env:ADMIN}
            data_dir: ./data
            checkpoint_copy: /mnt/audit/checkpoints
            node_name: edge-1
            price_book: prices.yaml
            threads: 2
            log_level: debug
            drain_timeout: 1.5s
            on_ledger_failure: forward
            min_free_space: 1GiB
            metrics: {token: abcdefgh, compat: [gpt-load], series_limit: 1_000}
            limits: {request_body: 64MiB, headers: 16KiB, requests_in_flight: 10, client_idle: 2m, client_body: 600ms}
            clients:
              - {name: alice, key: env:ALICE, groups: [openai]}
            groups:
              openai:
                dialect: openai
                upstreams:
                  - {url: "https://api.openai.com/", weight: 3}
                  - {url: "http://[::1]:8000/base/", weight: 0, ca_file: ca.pem}
                keys: [env:OPENAI, sk-three, sk-one]
                timeouts: {connect: 1s, first_byte: 2m, idle: 3s}
                retries: 1
                on_disconnect: drain
                drain: {bytes: 1KiB, time: 1s}
                model_redirects: {gpt-4: gpt-4o}
                model_aliases: {my-deployment: gpt-4o}
                ask_usage: false
              gem: {dialect: gemini, upstreams: [{url: "https://g.example"}], credentials: passthrough}
            """
        )
        #expect(configuration.listen == .init(host: "::1", port: 9000))
        #expect(configuration.admin.listen == .init(host: "0.0.0.0", port: 9001))
        #expect(configuration.admin.token == "admin-token")
        #expect(configuration.dataDirectory == "/etc/tollgate/./data")
        #expect(configuration.checkpointCopy == "/mnt/audit/checkpoints")
        #expect(configuration.priceBookPath == "/etc/tollgate/prices.yaml")
        #expect(configuration.nodeName == "edge-1")
        #expect(configuration.threads == 2)
        #expect(configuration.logLevel == "debug")
        #expect(configuration.drainTimeout == .milliseconds(1500))
        #expect(configuration.onLedgerFailure == .forward)
        #expect(configuration.minFreeSpace == 1 << 30)
        #expect(configuration.metrics.compatibility == [.gptLoad])
        #expect(configuration.metrics.seriesLimit == 1000)
        #expect(configuration.limits.requestBody == 64 << 20)
        #expect(configuration.limits.headers == 16 << 10)
        #expect(configuration.limits.clientIdle == .seconds(120))
        #expect(configuration.limits.clientBody == .milliseconds(600))
        #expect(configuration.clients.first?.keys == ["alice-key-1"])
        #expect(configuration.groups.map(\.name) == ["openai", "gem"])
        #expect(configuration.groups.map(\.provider) == ["openai", "google"])
        let group = try #require(configuration.groups.first)
        #expect(group.keys == ["sk-one", "sk-two", "sk-three"])
        #expect(group.upstreams.map(\.authority) == ["api.openai.com", "[::1]:8000"])
        #expect(group.upstreams.map(\.basePath) == ["", "/base"])
        #expect(group.upstreams.last?.caFile == "/etc/tollgate/ca.pem")
        #expect(group.timeouts.firstByte == .seconds(120))
        #expect(group.onDisconnect == .drain)
        #expect(group.drainBytes == 1024)
        #expect(group.modelRedirects == ["gpt-4": "gpt-4o"])
        #expect(group.asksUsage == false)
        #expect(configuration.groups.last?.keys == [])
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var extra: String
        var line: Int?
        var setting: String
        var fragment: String
        var testDescription: String { "\(setting): \(fragment)" }

        init(_ extra: String, _ line: Int?, _ setting: String, _ fragment: String) {
            (self.extra, self.line, self.setting, self.fragment) = (extra, line, setting, fragment)
        }
    }

    /// Each stands after the four lines of the minimal configuration.
    static let refused = [
        Case("lisen: 127.0.0.1:80", 5, "lisen", "did you mean \"listen\"?"),
        Case("zzz: 1", 5, "zzz", "known here: listen, admin"),
        Case("listen: 80", 5, "listen", "an address such as"),
        Case("listen: [a]", 5, "listen", "not a list"),
        Case("listen: 1.2.3.4:70000", 5, "listen", "an address such as"),
        Case("admin: {token: env:MISSING}", 5, "admin.token", "the environment variable MISSING, which is not set"),
        Case("admin: {token: env:EMPTY}", 5, "admin.token", "EMPTY, which is empty"),
        Case("admin: {token: env:OPENAI}", 5, "admin.token", "stands for 2 secrets"),
        Case("admin: {token: OPENAI_API_KEY}", 5, "admin.token", "write env:NAME"),
        Case("admin: {token: file:/nonexistent/x}", 5, "admin.token", "/nonexistent/x, which cannot be read"),
        Case("admin: {token: \"two words\"}", 5, "admin.token", "cannot stand in a header"),
        Case("admin:\n  listen: 0.0.0.0:1", nil, "admin.token", "can be reached from other machines"),
        Case("admin: {listen: 127.0.0.1:8080}", nil, "admin.listen", "same address"),
        Case("threads: many", 5, "threads", "a whole number from 0 to 1024"),
        Case("threads: 1.5", 5, "threads", "a whole number"),
        Case("threads:", 5, "threads", "not nothing"),
        Case("drain_timeout: 5", 5, "drain_timeout", "a time such as 600ms, 5s or 2m"),
        Case("drain_timeout: 0s", 5, "drain_timeout", "above zero"),
        Case("limits: {request_body: 1TB}", 5, "limits.request_body", "a size such as"),
        Case("limits: {headers: 1}", 5, "limits.headers", "from 1024"),
        Case("min_free_space: plenty", 5, "min_free_space", "a size such as"),
        Case("on_ledger_failure: refus", 5, "on_ledger_failure", "did you mean \"refuse\"?"),
        Case("metrics: {compat: [gptload]}", 5, "metrics.compat[0]", "did you mean \"gpt-load\"?"),
        Case("node_name: A/B", 5, "node_name", "lower-case letters"),
        Case("clients:\n  - {key: alice-key}", 6, "clients[0]", "needs a `name`"),
        Case("clients:\n  - {name: a}", 6, "clients[0]", "tollgate keys new"),
        Case("clients:\n  - {name: a, key: short}", 6, "clients[0].key", "fewer than 8"),
        Case(
            "clients:\n  - {name: a, key: alice-key, groups: [b]}",
            6,
            "clients[0].groups[0]",
            "no group \"b\"; did you mean \"a\"?"
        ),
        Case("clients: [{name: a, key: k1234567}, {name: b, key: k1234567}]", 5, "clients[1].key", "the same key"),
        Case("clients: [{name: a, key: k1234567}, {name: a, key: k7654321}]", 5, "clients[1].name", "earlier client"),
        Case("a: 1\na: 2", nil, "", "twice: a"),
        Case("x: [", nil, "", "not YAML"),
    ]

    @Test(arguments: refused) func refuses(_ wrong: Case) throws {
        let error = try #require(throws: ConfigurationError.self) { try Self.parse(Self.minimal + wrong.extra) }
        let problem = try #require(
            error.problems.first { $0.setting == wrong.setting && $0.message.contains(wrong.fragment) },
            "\(error)"
        )
        if let line = wrong.line { #expect(problem.line == line) }
    }

    static let refusedGroups = [
        Case("keys: [k]", 2, "groups.a", "needs `upstreams`"),
        Case("upstreams: [{url: http://h}]", 2, "groups.a", "credentials: passthrough"),
        Case("upstreams: []\n    keys: [k]", 2, "groups.a.upstreams", "at least one upstream"),
        Case("upstreams: [{url: http://h}]\n    keys: []", 3, "groups.a.keys", "is empty"),
        Case(
            "upstreams: [{url: http://h}]\n    keys: [k]\n    credentials: passthrough",
            4,
            "groups.a.credentials",
            "contradicts"
        ),
        Case("upstreams: [{url: http://h}]\n    credentials: passtrough", 3, "groups.a.credentials", "did you mean"),
        Case("upstreams: [{uri: http://h}]\n    keys: [k]", 2, "groups.a.upstreams[0].uri", "did you mean \"url\"?"),
        Case("upstreams: [{url: h}]\n    keys: [k]", 2, "groups.a.upstreams[0].url", "is not a URL"),
        Case("upstreams: [{url: ftp://h}]\n    keys: [k]", 2, "groups.a.upstreams[0].url", "unknown scheme"),
        Case("upstreams: [{url: 'http://u:p@h'}]\n    keys: [k]", 2, "groups.a.upstreams[0].url", "credentials"),
        Case("upstreams: [{url: 'http://h?x=1'}]\n    keys: [k]", 2, "groups.a.upstreams[0].url", "a query"),
        Case("upstreams: [{url: 'http://h:99999'}]\n    keys: [k]", 2, "groups.a.upstreams[0].url", "a port"),
        Case("upstreams: [{url: 'http:///x'}]\n    keys: [k]", 2, "groups.a.upstreams[0].url", "no valid host"),
        Case("upstreams: [{url: http://h, weight: 0}]\n    keys: [k]", 2, "groups.a.upstreams", "weight above 0"),
        Case(
            "dialect: opanai\n    upstreams: [{url: http://h}]\n    keys: [k]",
            2,
            "groups.a.dialect",
            "did you mean \"openai\"?"
        ),
        Case(
            "upstreams: [{url: http://h}]\n    keys: [k]\n    ask_usage: yes",
            4,
            "groups.a.ask_usage",
            "true or false"
        ),
    ]

    @Test(arguments: refusedGroups) func refusesGroup(_ wrong: Case) throws {
        let text = "groups:\n  a: {" + wrong.extra.replacing("\n", with: ",\n").replacing("    ", with: "") + "}"
        let error = try #require(throws: ConfigurationError.self) { try Self.parse(text) }
        let problem = try #require(
            error.problems.first { $0.setting == wrong.setting && $0.message.contains(wrong.fragment) },
            "\(error)"
        )
        #expect(problem.line == wrong.line)
    }

    @Test func tellsEverythingAtOnceInTheOrderOfTheFile() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Self.parse("threads: x\nlog_level: loud\nlimts: 1\n")
        }
        #expect(error.problems.map(\.line) == [1, 2, 3, nil])
        #expect(error.description.hasPrefix("t.yaml:1: threads: must be a whole number"))
    }

    @Test func neverQuotesASecret() throws {
        let text =
            Self.minimal + "admin: {token: \"hush hush\"}\nclients: [{name: a, key: [hush]}, {name: b, key: hush}]"
        let error = try #require(throws: ConfigurationError.self) { try Self.parse(text) }
        #expect(error.problems.count == 3)
        #expect(!error.description.contains("hush"))
    }

    @Test func summaryAndHashLeaveSecretsOut() throws {
        let text = "groups: {a: {upstreams: [{url: http://h:1}], keys: [%]}}"
        let one = try Self.parse(text.replacing("%", with: "sk-aaaaaaaa"))
        let two = try Self.parse(text.replacing("%", with: "sk-bbbbbbbb"))
        let more = try Self.parse(text.replacing("%", with: "sk-aaaaaaaa, sk-bbbbbbbb"))
        #expect(one.hash == two.hash)
        #expect(one.hash != more.hash)
        #expect(one.hash.count == 32)
        #expect(!one.summary.contains("sk-"))
        #expect(one.summary.contains("group a: auto at h:1, 1 key"))
    }
}
