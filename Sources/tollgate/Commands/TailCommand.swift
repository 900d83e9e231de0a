import Admin
import ArgumentParser

struct TailCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tail",
        abstract: "Show the newest events, and with --follow those that come.",
        discussion: """
            EXAMPLES
              tollgate tail
              tollgate tail -n 100 | jq -c '[.seq, .type, .cost.usd]'
              tollgate tail --follow
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Option(name: [.customShort("n"), .long], help: "How many events to start with.") var lines: UInt64 = 10
    @Option(help: "The first sequence, instead of --lines.") var from: UInt64?
    @Flag(name: [.short, .long], help: "Go on with new events until interrupted; needs a running server.")
    var follow = false

    func run() async throws {
        try await withRelay(directory) { relay in
            let head = try await relay.head()
            let first = from ?? (head > lines ? head - lines + 1 : 1)
            var query = ["from": [String(first)]]
            if follow { query["follow"] = ["true"] }
            let request = ManagementRequest(path: "/api/events", query: query)
            try await relay.lines(request) { try Output.write($0 + [0x0a]) }
        }
    }
}
