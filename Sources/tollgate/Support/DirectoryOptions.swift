import ArgumentParser
import Foundation
import Settings

/// Which configuration and which data directory a command is about.
struct DirectoryOptions: ParsableArguments {
    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The configuration file.",
            discussion: "Else TOLLGATE_CONFIG, else ./tollgate.yaml when it exists, else none.",
            valueName: "file"
        )
    )
    var config: String?

    @Option(
        name: [.short, .long],
        help: ArgumentHelp(
            "The data directory.",
            discussion: "Else TOLLGATE_DATA_DIR, else data_dir of the configuration, else ./data.",
            valueName: "directory"
        )
    )
    var dataDir: String?

    private var environment: [String: String] { ProcessInfo.processInfo.environment }

    /// The configuration file, nil for none.
    var file: String? {
        if let config { return config }
        if let named = environment["TOLLGATE_CONFIG"], !named.isEmpty { return named }
        return FileManager.default.fileExists(atPath: "tollgate.yaml") ? "tollgate.yaml" : nil
    }

    /// The whole configuration with its secrets, the data directory from here when it was given.
    func load() throws(ConfigurationError) -> Configuration {
        var result: Configuration
        if let file {
            result = try Configuration.load(path: file, environment: environment)
        } else {
            result = try Configuration.standard(environment: environment)
        }
        if let directory = given { result.dataDirectory = directory }
        return result
    }

    /// The data directory alone, without asking for the secrets of the configuration.
    func directory() throws(ConfigurationError) -> String {
        if let directory = given { return directory }
        guard let file else { return Configuration().dataDirectory }
        return try Configuration.dataDirectory(inFile: file)
    }

    private var given: String? {
        if let dataDir { return dataDir }
        guard let named = environment["TOLLGATE_DATA_DIR"], !named.isEmpty else { return nil }
        return named
    }
}
