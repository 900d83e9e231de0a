import Admin
import ArgumentParser
import Synchronization

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the events of the ledger to standard output, in order.",
        discussion: """
            NDJSON has every event, one JSON object a line. CSV has the completed requests, one a row. To go on where \
            an export ended, start at its last sequence plus one.

            EXAMPLES
              tollgate export > events.ndjson
              tollgate export --format csv --since 2026-11-01 > november.csv
              tollgate export --from 1001 | jq .cost
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Option(help: "The first sequence.") var from: UInt64 = 1
    @Option(help: "The last sequence; else the newest when the export starts.") var through: UInt64?
    @Option(help: "Only events from this moment on (UTC).") var since: String?
    @Option(help: "Only events before this moment (UTC).") var until: String?
    @Option(help: "ndjson or csv.") var format: ExportForm = .ndjson

    func run() async throws {
        var query = ["from": [String(from)], "format": [format.rawValue]]
        if let through { query["through"] = [String(through)] }
        if let since { query["since"] = [since] }
        if let until { query["until"] = [until] }
        let request = ManagementRequest(path: "/api/export", query: query)
        let isNumbered = format == .ndjson && since == nil && until == nil
        try await withRelay(directory) { relay in
            let head = try await relay.head()
            let last = min(through ?? head, head)
            let total: UInt64? = isNumbered && last >= from ? last - from + 1 : nil
            // A bar between lines of data on the same terminal would only spoil both.
            let progress = Mutex((bar: ProgressBar("export", hidden: Output.isTerminal), lines: UInt64(0)))
            try await relay.stream(request) { piece in
                try Output.write(piece)
                let lines = piece.reduce(UInt64(0)) { $1 == 0x0a ? $0 + 1 : $0 }
                progress.withLock { state in
                    state.lines += lines
                    state.bar.show(state.lines, of: total, unit: "lines")
                }
            }
            progress.withLock { $0.bar.end() }
        }
    }
}

enum ExportForm: String, ExpressibleByArgument, CaseIterable {
    case ndjson, csv
}
