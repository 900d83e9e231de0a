extension Configuration {
    /// Puts the addresses of a command line in place of those of the file; nil leaves one as it is.
    ///
    /// - Parameter adminListen: an address, or `none`.
    public mutating func override(listen: String?, adminListen: String?) throws(ConfigurationError) {
        let list = ProblemList()
        func endpoint(_ option: String, _ text: String) -> Endpoint? {
            let value = Scalars.endpoint(text)
            if value == nil {
                list.add(nil, option, "must be an address such as 127.0.0.1:8080, not \"\(Setting.shown(text))\"")
            }
            return value
        }
        if let listen, let value = endpoint("--listen", listen) { self.listen = value }
        if adminListen == "none" {
            admin.listen = nil
        } else if let adminListen, let value = endpoint("--admin-listen", adminListen) {
            admin.listen = value
        }
        ConfigurationLoader(secrets: SecretSource(environment: [:], folder: ""), list: list).checkWhole(self)
        guard list.problems.isEmpty else { throw ConfigurationError(file: "command line", problems: list.sorted) }
    }
}
