import ArgumentParser
import Logging
import Settings

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve",
        abstract: "Run the gateway.",
        discussion: """
            Without a configuration file it serves the groups openai, anthropic and gemini on 127.0.0.1:8080, with keys \
            from OPENAI_API_KEY, ANTHROPIC_API_KEY and GEMINI_API_KEY; a group without a key passes on the client's own. \
            SIGTERM and SIGINT let requests in flight end; SIGHUP reads the configuration and the price book again.

            EXAMPLES
              tollgate serve
              tollgate serve --config /etc/tollgate/tollgate.yaml
              OPENAI_API_KEY=sk-... tollgate serve --data-dir /var/lib/tollgate
              curl http://127.0.0.1:8080/proxy/openai/v1/models
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Option(help: ArgumentHelp("Where the proxy listens.", valueName: "host:port")) var listen: String?
    @Option(help: ArgumentHelp("Where the management side listens, or none.", valueName: "host:port"))
    var adminListen: String?
    @Flag(help: "Start although the ledger is shorter than its checkpoint says; the loss is recorded.")
    var acceptLoss = false

    func run() async throws {
        try await reporting {
            var configuration = try directory.load()
            try configuration.override(listen: listen, adminListen: adminListen)
            let logger = Logs.start(configuration.logLevel)
            let shown = configuration
            try await Server(
                configuration: configuration,
                file: directory.file,
                acceptLoss: acceptLoss,
                logger: logger
            ) { ready in
                let admin = ready.adminPort.map { ", management on port \($0)" } ?? ""
                Words.say(
                    "tollgate \(Tollgate.version) serves on \(shown.listen.host):\(ready.port)\(admin); data in \(shown.dataDirectory)"
                )
            }
            .run()
        }
    }
}

/// The log, to standard error.
enum Logs {
    static func start(_ level: String) -> Logger {
        let chosen = Logger.Level(rawValue: level) ?? .info
        LoggingSystem.bootstrap { label in
            var handler = StreamLogHandler.standardError(label: label)
            handler.logLevel = chosen
            return handler
        }
        return Logger(label: "tollgate")
    }
}
