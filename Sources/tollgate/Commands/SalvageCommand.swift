import Admin
import ArgumentParser
import Events
import Foundation
import Ledger
import NIOPosix

struct SalvageCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "salvage",
        abstract: "Make a new data directory from what can be read of a damaged one.",
        discussion: """
            The damaged directory is only read, file by file; no process may use it. Every event that can be read keeps its \
            sequence and its bytes. In the place of each one that cannot, the new ledger has an event history.truncated \
            that names its sequence, so that exports and reports tell what is missing. The new ledger is another one: it has \
            an origin and a key of its own, and the damaged directory with its checkpoint remains the evidence of the old one.

            The sequences that could not be read are named on standard error, with --json on standard output; salvage.json in \
            the new directory keeps them.

            EXAMPLES
              tollgate salvage /var/lib/tollgate /var/lib/tollgate-saved
              tollgate salvage --json data saved > lost.json

            EXIT CODES
              0 everything was read
              1 a new directory was made; events that were lost or changed are named
              65 nothing could be read        66 no ledger there
              73 the new directory is there already
              75 a process uses the damaged directory
              otherwise as `tollgate --help` says
            """
    )

    @Argument(help: ArgumentHelp("The damaged data directory.", valueName: "from")) var source: String
    @Argument(help: ArgumentHelp("The data directory to be made.", valueName: "to")) var target: String
    @Flag(help: "Print the result as JSON.") var json = false

    func run() async throws {
        let (source, target, json) = (source, target, json)
        try await reporting {
            let contents = try? FileManager.default.contentsOfDirectory(atPath: target)
            guard contents.map(\.isEmpty) ?? !FileManager.default.fileExists(atPath: target) else {
                Words.error("\(target) is there already; name a directory that does not exist")
                throw Exit.cannotCreate
            }
            let report = try await NIOThreadPool.singleton.runIfActive {
                try Self.salvage(source, target, isQuiet: json && Output.isTerminal)
            }
            let rendered = Self.render(report)
            try Data(rendered).write(to: URL(fileURLWithPath: target + "/salvage.json"))
            if json { try Output.write(rendered) }
            Self.tell(report, target)
            guard report.lost.isEmpty, report.altered.isEmpty, report.matchesCheckpoint != false else {
                throw Exit.changed
            }
        }
    }

    private static func salvage(_ source: String, _ target: String, isQuiet: Bool) throws -> Salvage.Report {
        let now = WallClock.now()
        var bar = ProgressBar("salvage", hidden: isQuiet)
        defer { bar.end() }
        return try Salvage.run(from: source, to: target) { sequence in
            EventCodec.encode(.historyTruncated(HistoryTruncated(time: now, first: sequence, last: sequence)))
        } progress: { done in
            bar.show(done, of: nil, unit: "events")
        }
    }

    private static func tell(_ report: Salvage.Report, _ target: String) {
        for fault in report.faults { Words.say(fault) }
        Words.say("\(target) holds \(report.records) of \(report.head) events as the ledger \(report.origin)")
        if !report.lost.isEmpty { Words.error("not readable: \(text(report.lost, most: 1_000))") }
        if !report.altered.isEmpty {
            Words.error("changed after they were stored: \(text(report.altered, most: 1_000))")
        }
        switch report.matchesCheckpoint {
        case true?: Words.say("what was read is what the signed checkpoint covers")
        case false?: Words.error("what was read is not what the signed checkpoint covers: some events were changed")
        case nil: Words.say("nothing signed could be compared with it")
        }
    }

    /// Ranges in words, such as `3, 7-9 and 2 more ranges`.
    static func text(_ ranges: [ClosedRange<UInt64>], most: Int) -> String {
        let shown = ranges.prefix(most).map {
            $0.lowerBound == $0.upperBound ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)"
        }
        let rest = ranges.count - shown.count
        return shown.joined(separator: ", ") + (rest > 0 ? " and \(rest) more ranges" : "")
    }

    private static func render(_ report: Salvage.Report) -> [UInt8] {
        func text(_ ranges: [ClosedRange<UInt64>]) -> [[UInt64]] { ranges.map { [$0.lowerBound, $0.upperBound] } }
        let result = Rendered(
            source: report.source,
            origin: report.origin,
            head: report.head,
            records: report.records,
            lost: text(report.lost),
            altered: text(report.altered),
            checkpointSize: report.checkpointSize,
            matchesCheckpoint: report.matchesCheckpoint,
            faults: report.faults
        )
        let encoder = JSONEncoder()
        encoder.keyEncodingStrategy = .convertToSnakeCase
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return ((try? encoder.encode(result)).map { [UInt8]($0) } ?? []) + [0x0a]
    }

    /// The result as JSON; ranges as pairs of first and last sequence.
    private struct Rendered: Encodable {
        var source: String?
        var origin: String
        var head: UInt64
        var records: UInt64
        var lost: [[UInt64]]
        var altered: [[UInt64]]
        var checkpointSize: UInt64?
        var matchesCheckpoint: Bool?
        var faults: [String]
    }
}
