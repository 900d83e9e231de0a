import Admin
import ArgumentParser
import Ledger
import NIOPosix

/// For `tools/torture`: the gateway, killed at a chosen place between two steps.
///
/// It is a command of its own so that no option, file or variable can do that to a gateway that `serve` runs.
struct TortureServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture-serve",
        abstract: "Run the gateway and have it killed at a chosen place.",
        shouldDisplay: false
    )

    @OptionGroup var directory: DirectoryOptions
    @Option(help: "A KillPoint; or open, append, torn, sync, rename, remove, directory, read for a call of the store.")
    var at: String
    @Option(help: "How often it is passed before.") var nth: UInt64 = 1

    func run() async throws {
        try await reporting {
            let configuration = try directory.load()
            let (place, nth) = (at, nth)
            var probe = LedgerOptions(directory: "")
            let point = KillPoint.allCases.first { "\($0)" == place }
            guard point != nil || probe.killAtStoreCall(place, nth: nth) else {
                let known = KillPoint.allCases.map { "\($0)" }.joined(separator: ", ")
                throw ValidationError("there is no place \(place); known are \(known)")
            }
            point?.arm(nth: nth)
            let logger = Logs.start("critical")
            try await Server(
                configuration: configuration,
                adjust: { if point == nil { _ = $0.killAtStoreCall(place, nth: nth) } },
                logger: logger
            ) { _ in }
            .run()
        }
    }
}

/// For `tools/torture`: random lives of a ledger on a disk that fails and loses power.
struct TortureLedgerCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "torture-ledger",
        abstract: "Let ledgers live through faults, kills and power cuts, and compare them with a model.",
        shouldDisplay: false
    )

    @Option(help: "The first seed.") var seed: UInt64 = 1
    @Option(help: "How many seeds.") var runs: UInt64 = 100
    @Option(help: "Where the ledgers are made.") var folder: String

    func run() async throws {
        let (first, runs, folder) = (seed, runs, folder)
        let (json, isSound) = try await NIOThreadPool.singleton.runIfActive {
            var total = LedgerSimulation.Outcome()
            var problems: [String] = []
            for seed in first..<first + runs {
                let outcome = LedgerSimulation.run(seed: seed, directory: "\(folder)/ledger-\(seed)")
                total.kills += outcome.kills
                total.powerCuts += outcome.powerCuts
                total.faults += outcome.faults
                total.acknowledged += outcome.acknowledged
                total.lost += outcome.lost
                total.duplicated += outcome.duplicated
                if let problem = outcome.problem { problems.append(problem) }
            }
            var json = JSONWriter()
            json.object { json in
                json.field("kills", total.kills)
                json.field("power_cuts", total.powerCuts)
                json.field("faults", total.faults)
                json.field("acknowledged", total.acknowledged)
                json.field("lost", total.lost)
                json.field("duplicated", total.duplicated)
                json.field("problems", problems.joined(separator: "; "))
            }
            return (json.bytes + [0x0a], problems.isEmpty && total.lost == 0 && total.duplicated == 0)
        }
        try Output.write(json)
        guard isSound else { throw Exit.changed }
    }
}
