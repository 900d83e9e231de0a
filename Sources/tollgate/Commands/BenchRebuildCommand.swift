import ArgumentParser
import Ledger
import NIOPosix
import Views

/// For `tools/bench rebuild`: how the time of a rebuild is shared between reading, decoding, folding and pricing.
struct BenchRebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-rebuild",
        abstract: "Measure what a rebuild spends its time on.",
        shouldDisplay: false
    )

    @Option(help: "The data directory of a stopped server.") var dataDir: String

    func run() async throws {
        let directory = dataDir
        try await reporting {
            let profile = try await NIOThreadPool.singleton.runIfActive {
                let ledger = try Ledger.open(LedgerOptions(directory: directory, readOnlyIntent: true))
                defer { ledger.close() }
                return try RebuildProfile(ledger)
            }
            // Passes are measured apart, so a difference of two may come out below nothing.
            func beyond(_ whole: UInt64, _ part: UInt64) -> UInt64 { whole > part ? whole - part : 0 }
            try Output.line(
                "{\"events\":\(profile.events),\"read_ns\":\(profile.read),"
                    + "\"decode_ns\":\(beyond(profile.decoded, profile.read)),"
                    + "\"fold_ns\":\(beyond(profile.folded, profile.decoded)),"
                    + "\"price_ns\":\(beyond(profile.priced, profile.folded))}"
            )
        }
    }
}
