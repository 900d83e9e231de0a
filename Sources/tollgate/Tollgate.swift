import ArgumentParser

@main struct Tollgate: AsyncParsableCommand {
    static let version = "0.1.0"

    static let configuration = CommandConfiguration(
        commandName: "tollgate",
        abstract: "An LLM gateway with a ledger.",
        discussion: """
            Applications send their OpenAI, Anthropic, Gemini and compatible traffic through it; every request becomes \
            an event in a ledger, and everything that is counted, priced and exported comes from there.

            EXAMPLES
              tollgate demo                       see it at work, no account
              tollgate serve                      on 127.0.0.1:8080, no configuration
              tollgate serve --config tollgate.yaml
              tollgate report --by model,day --since 2026-11-01
              tollgate reconcile bill.csv
              tollgate export --format csv > events.csv

            Data goes to standard output, words and progress to standard error.

            EXIT CODES
              0 done                1 they differ (`reconcile`)
                                    1, 2, 3 not verified, or not all saved
              64 wrong usage        65 bad data
              66 no such file       69 server unavailable   70 internal error
              73 cannot create      74 input/output error   75 directory in use
              77 no permission      78 bad configuration
            """,
        version: version,
        subcommands: [
            ServeCommand.self, CheckCommand.self, DemoCommand.self, KeysCommand.self, PricesCommand.self,
            ReportCommand.self, ReconcileCommand.self, ExportCommand.self, TailCommand.self, InspectCommand.self,
            RebuildCommand.self, VerifyCommand.self, ProofCommand.self, SalvageCommand.self, KeyCommand.self,
            StatusCommand.self, ClientsCommand.self, ForgetCommand.self, SchemaCommand.self, SimulateCommand.self,
            BenchAuditCommand.self, BenchCommitCommand.self, BenchFillCommand.self, BenchRebuildCommand.self,
            TortureServeCommand.self, TortureLedgerCommand.self,
        ]
    )

    /// The whole tree of commands takes longer to make than much else of a start: `serve` is parsed by itself where that
    /// goes well. What does not, a question for help among it, is left to the tree, which knows the right words.
    static func main() async {
        Descriptors.checkLeast()
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.first == ServeCommand.configuration.commandName,
            let command = try? ServeCommand.parse(Array(arguments.dropFirst()))
        else { return await main(nil) }
        do {
            try await command.run()
        } catch {
            exit(withError: error)
        }
    }
}
