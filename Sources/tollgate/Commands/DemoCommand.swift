import Admin
import ArgumentParser
import Foundation
import Logging
import Settings
import Simulator

struct DemoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "demo",
        abstract: "Show the whole product with a simulated provider; no account is needed.",
        discussion: """
            Starts a simulated provider and a gateway on free ports with a temporary data directory, sends some traffic \
            in every dialect, plain and streamed, and shows what came of it. Runs until Ctrl-C.

            EXAMPLES
              tollgate demo
              tollgate demo --once        show and end
            """
    )

    @Flag(help: "End after the figures were shown.") var once = false

    func run() async throws {
        try await reporting {
            let folder = FileManager.default.temporaryDirectory.path + "/tollgate-demo-\(UInt32.random(in: 0 ... .max))"
            defer { try? FileManager.default.removeItem(atPath: folder) }
            let provider = try await SimulatedProvider.start()
            let configuration = Self.settings(folder, provider.port)
            let logger = Logs.start("warning")
            let once = once
            do {
                try await Server(configuration: configuration, file: nil, logger: logger) { ready in
                    try await DemoTour(port: ready.port, adminPort: ready.adminPort ?? 0, folder: folder).run(once)
                    if once { await ready.stop() }
                }
                .run()
            } catch {
                try? await provider.stop()
                throw error
            }
            try await provider.stop()
        }
    }

    private static func settings(_ folder: String, _ port: Int) -> Configuration {
        var configuration = Configuration()
        configuration.listen.port = 0
        configuration.admin.listen?.port = 0
        configuration.dataDirectory = folder
        configuration.drainTimeout = .seconds(2)
        configuration.metrics.compatibility = [.gptLoad]
        configuration.clients = [.init(name: "demo", keys: [DemoTour.key], groups: [])]
        configuration.groups = [("openai", "openai"), ("anthropic", "anthropic"), ("gemini", "google")].map {
            name,
            provider in
            var group = Configuration.Group(
                name: name,
                provider: provider,
                upstreams: [.init(tls: false, host: "127.0.0.1", port: port)]
            )
            group.dialect = name
            group.keys = ["sk-simulated"]
            return group
        }
        return configuration
    }
}
