import ArgumentParser
import ServiceLifecycle
import Simulator
import UnixSignals

struct SimulateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "simulate",
        abstract: "Run the simulated provider until a signal ends it.",
        shouldDisplay: false
    )

    @Option(help: "Where to listen, HOST:PORT; port 0 lets the system choose.") var listen = "127.0.0.1:0"
    @Option(name: .customLong("key"), help: "A credential that is accepted; may be repeated. Else any is.")
    var keys: [String] = []

    func run() async throws {
        guard let colon = listen.lastIndex(of: ":"), let port = Int(listen[listen.index(after: colon)...]),
            (0...65_535).contains(port)
        else { throw ValidationError("'\(listen)' is not HOST:PORT") }
        let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
        let provider: SimulatedProvider
        do {
            provider = try await SimulatedProvider.start(
                host: String(listen[..<colon]),
                port: port,
                keys: keys.isEmpty ? nil : keys
            )
        } catch {
            Words.error("cannot listen on \(listen): \(error)")
            throw Exit.unavailable
        }
        try Output.line("listening on \(listen[..<colon]):\(provider.port)")
        for await _ in signals { break }
        try await provider.stop()
    }
}
