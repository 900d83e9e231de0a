extension Configuration {
    /// The configuration when there is no file: the groups `openai`, `anthropic` and `gemini` on loopback.
    ///
    /// Keys come from `OPENAI_API_KEY`, `ANTHROPIC_API_KEY` and `GEMINI_API_KEY`; a group without one passes the
    /// client's own credential through. `TOLLGATE_LISTEN`, `TOLLGATE_ADMIN_LISTEN` (addresses, or `none` for the
    /// second), `TOLLGATE_DATA_DIR`, `METRICS_TOKEN` and `TOLLGATE_ADMIN_TOKEN` set what their names say.
    public static func standard(environment: [String: String]) throws(ConfigurationError) -> Configuration {
        let list = ProblemList()
        var result = Configuration()
        result.groups = [
            group("openai", host: "api.openai.com", variable: "OPENAI_API_KEY", environment, list),
            group("anthropic", host: "api.anthropic.com", variable: "ANTHROPIC_API_KEY", environment, list),
            group(
                "gemini",
                host: "generativelanguage.googleapis.com",
                variable: "GEMINI_API_KEY",
                environment,
                list
            ),
        ]
        func endpoint(_ variable: String, _ text: String) -> Endpoint? {
            let value = Scalars.endpoint(text)
            if value == nil {
                list.add(nil, variable, "must be an address such as 127.0.0.1:8080, not \"\(Setting.shown(text))\"")
            }
            return value
        }
        if let text = environment["TOLLGATE_LISTEN"].nonEmpty, let value = endpoint("TOLLGATE_LISTEN", text) {
            result.listen = value
        }
        if let text = environment["TOLLGATE_ADMIN_LISTEN"].nonEmpty {
            if text == "none" {
                result.admin.listen = nil
            } else if let value = endpoint("TOLLGATE_ADMIN_LISTEN", text) {
                result.admin.listen = value
            }
        }
        if let folder = environment["TOLLGATE_DATA_DIR"].nonEmpty { result.dataDirectory = folder }
        result.admin.token = environment["TOLLGATE_ADMIN_TOKEN"].nonEmpty
        result.metrics.token = environment["METRICS_TOKEN"].nonEmpty
        ConfigurationLoader(secrets: SecretSource(environment: environment, folder: ""), list: list).checkWhole(result)
        guard list.problems.isEmpty else { throw ConfigurationError(file: nil, problems: list.sorted) }
        return result
    }

    private static func group(
        _ dialect: String,
        host: String,
        variable: String,
        _ environment: [String: String],
        _ list: ProblemList
    ) -> Group {
        var group = Group(
            name: dialect,
            provider: GroupLoader.provider(for: dialect),
            upstreams: [Upstream(tls: true, host: host, port: 443)]
        )
        group.dialect = dialect
        let keys = (environment[variable] ?? "").split(whereSeparator: { $0 == "," || $0.isWhitespace })
        group.keys = keys.map(String.init)
        if !group.keys.allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }) {
            list.add(nil, variable, "holds characters that cannot stand in a header; check it for typing errors")
        }
        return group
    }
}
