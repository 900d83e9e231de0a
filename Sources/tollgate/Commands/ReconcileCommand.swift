import Admin
import ArgumentParser
import Events
import Foundation
import Views

struct ReconcileCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reconcile",
        abstract: "Compare a provider's bill with the ledger, by day and model.",
        discussion: """
            The bill is a CSV file: the usage or the cost export of OpenAI's console (by day, grouped by model), the \
            usage or the cost export of Anthropic's console, or a table with the columns `date`, `model` and any of \
            `requests`, `input`, `cache_read`, `cache_write`, `output`, `cost_usd`, where `input` holds the cached \
            tokens. A bill without models is compared by day.

            Models are compared by their plain names, without dates and the decorations of clouds. Of a bill of OpenAI \
            or Anthropic only the requests to that provider are looked at; --provider and --group choose others. Days \
            are those of the bill, in UTC. Only answered requests (status 200 to 299) are counted as requests.

            The ledger's money is what was charged; --money list takes the newest price book without the multipliers of \
            groups and clients instead. Anthropic's cost export is in whole cents, so half a cent a line may differ.

            EXAMPLES
              tollgate reconcile completions_usage_2026-11-01_2026-11-30.csv
              tollgate reconcile bill.csv --tolerance 0.5% --since 2026-11-01
              tollgate reconcile bill.csv --provider azure --format csv > differences.csv

            EXIT CODES
              0 nothing differs beyond the tolerance
              1 something does
              65 the file is no such table, and otherwise as `tollgate --help` says
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Argument(help: "The bill, a CSV file.") var file: String
    @Option(help: ArgumentHelp("The share that may differ.", valueName: "percent")) var tolerance = "0"
    @Option(help: "The first day.") var since: String?
    @Option(help: "The end, not included.") var until: String?
    @Option(help: "The provider whose requests are compared, by its name in the price book.") var provider: String?
    @Option(help: "Only requests through this group, of whatever provider; may be repeated.") var group: [String] = []
    @Option(help: "The money of the ledger: charged or list.") var money: ReconcileMoney = .charged
    @Option(help: "table, json or csv.") var format: ReconcileFormat = .table
    @Flag(help: "The same as --format json.") var json = false

    func run() async throws {
        try await reporting {
            let share = try Reconciliation.Tolerance(percent: tolerance)
            var bill = try readBill()
            bill.limit(to: try days())
            guard let covered = bill.days else {
                throw BillError(nil, "\(file) has nothing in it for these days")
            }
            let usage = try await ledgerUsage(covered, provider ?? (group.isEmpty ? bill.form.provider : nil))
            let kind = Reconciliation.Money(rawValue: money.rawValue) ?? .charged
            let result = Reconciliation(bill, with: usage, tolerance: share, money: kind)
            let form = Reconciliation.Format(rawValue: json ? "json" : format.rawValue) ?? .table
            try Output.write(result.render(form))
            if !result.agrees { throw Exit.changed }
        }
    }

    private func readBill() throws -> Bill {
        let size = try? FileManager.default.attributesOfItem(atPath: file)[.size] as? UInt64
        guard size ?? 0 <= UInt64(BillReader.largestFile) else {
            throw BillError(nil, "\(file): \(BillReader.tooLarge)")
        }
        let bytes = try readFile(file)
        do throws(BillError) {
            return try BillReader.read(bytes)
        } catch {
            throw BillError(nil, "\(file): \(error)")
        }
    }

    private func days() throws -> Range<Int64> {
        let first = try ReportQuery.time(since, "since").map { Timestamp.floorDivide($0, Timestamp.day) } ?? 0
        let end = try ReportQuery.time(until, "until").map { Timestamp.floorDivide($0, Timestamp.day) }
        return first..<max(first, end ?? .max)
    }

    private func ledgerUsage(_ days: Range<Int64>, _ provider: String?) async throws -> DailyUsage {
        var query = [
            "since": [Timestamp.dayText(days.lowerBound)], "until": [Timestamp.dayText(days.upperBound)],
        ]
        if let provider { query["provider"] = [provider] }
        if !group.isEmpty { query["group"] = group }
        let request = ManagementRequest(path: "/api/usage", query: query)
        let answer = try await withRelay(directory) { try await $0.collect(request, bar: "reconcile") }
        guard let usage = DailyUsage(json: answer) else {
            throw ManagementError(.unavailable, "The server's answer could not be read; it may be of another version")
        }
        return usage
    }
}

enum ReconcileFormat: String, ExpressibleByArgument, CaseIterable {
    case table, json, csv
}

enum ReconcileMoney: String, ExpressibleByArgument, CaseIterable {
    case charged, list
}
