import Admin
import ArgumentParser

struct ReportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Show requests, tokens and money, grouped as you like.",
        discussion: """
            Times are UTC: 2026-11-01, 2026-11-01T12:00:00Z. The end is not included. Money is shown as it was charged \
            and as the newest price book would have it, with --prices also as another book would, which is not adopted.

            EXAMPLES
              tollgate report
              tollgate report --by client,model --since 2026-11-01 --top 10
              tollgate report --by tag.team --where session=s-1   # of x-tollgate-* headers
              tollgate report --by day --where group=openai --format csv
              tollgate report --by model --prices other-prices.yaml
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Option(help: "Columns to group by: model, client, group, operation, hour, day, month, session, tag.NAME.")
    var by = "model"
    @Option(help: "The first moment.") var since: String?
    @Option(help: "The end, not included.") var until: String?
    @Option(name: .customLong("where"), help: "Only rows with a column of this value, NAME=VALUE; may be repeated.")
    var filters: [String] = []
    @Option(help: "Only the rows with the greatest cost.") var top: Int?
    @Option(help: ArgumentHelp("Another price book, to see what it would make of the same.", valueName: "file"))
    var prices: String?
    @Option(help: "table, json, csv or md.") var format: ReportFormat = .table
    @Flag(help: "The same as --format json.") var json = false

    func run() async throws {
        var query = ["by": [by], "format": [json ? "json" : format.rawValue]]
        if let since { query["since"] = [since] }
        if let until { query["until"] = [until] }
        if let top { query["top"] = [String(top)] }
        if !filters.isEmpty { query["where"] = filters }
        try await withRelay(directory) { [query] relay in
            var request = ManagementRequest(path: "/api/report", query: query)
            if let prices {
                request.method = "POST"
                request.body = try readFile(prices)
            }
            try await relay.print(request, bar: "report")
        }
    }
}

enum ReportFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv, md
}
