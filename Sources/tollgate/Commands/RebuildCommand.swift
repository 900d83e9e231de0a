import Admin
import ArgumentParser
import Foundation
import Synchronization

struct RebuildCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rebuild",
        abstract: "Make the views anew from the ledger alone.",
        discussion: """
            A running server rebuilds beside the views that it serves from, and swaps them when both are level. A \
            rebuild that was stopped or killed goes on where it was, unless --fresh is given.

            With --normalise the usage objects that providers sent, which events keep, are read again by this version of \
            the program. Tokens and restated money of reports follow the new reading, also after a restart, until a \
            rebuild without it. What was charged and the counters of /metrics never change, nor does the ledger.

            EXAMPLES
              tollgate rebuild
              tollgate rebuild --normalise
              tollgate rebuild --data-dir /var/lib/tollgate --json
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Flag(help: "Begin anew, even where an earlier rebuild did not come to its end.") var fresh = false
    @Flag(help: "Read the usage of older events again.") var normalise = false
    @Flag(help: "Print the result as JSON.") var json = false

    struct Line: Decodable, Sendable {
        var done: UInt64
        var total: UInt64
        var seconds: Double?
        var resumedFrom: UInt64?
        var finished: Bool?
        var error: String?
        var normaliser: UInt8?
        var reread: UInt64?
    }

    func run() async throws {
        var query: [String: [String]] = [:]
        if fresh { query["fresh"] = ["true"] }
        if normalise { query["normalise"] = ["true"] }
        let request = ManagementRequest(method: "POST", path: "/api/rebuild", query: query)
        try await withRelay(directory, writing: true) { relay in
            let state = Mutex((bar: ProgressBar("rebuild"), last: Line?.none, text: [UInt8]()))
            try await relay.lines(request) { bytes in
                let decoder = JSONDecoder()
                decoder.keyDecodingStrategy = .convertFromSnakeCase
                guard let line = try? decoder.decode(Line.self, from: Data(bytes)) else { return }
                state.withLock { state in
                    state.bar.show(line.done, of: line.total, unit: "events", from: line.resumedFrom ?? 0)
                    state.last = line
                    state.text = bytes
                }
            }
            let (last, text) = state.withLock { state in
                state.bar.end()
                return (state.last, state.text)
            }
            guard let last, last.finished == true else {
                throw ManagementError(.damaged, last?.error ?? "The rebuild ended early; the views are as they were")
            }
            if json {
                try Output.write(text + [0x0a])
            } else {
                let seconds = max(last.seconds ?? 0, 0.001)
                let start = min(last.resumedFrom ?? 0, last.done)
                let rate = Int(min(Double(last.done - start) / seconds, 1e15))
                let resumed = start == 0 ? "" : ", going on from event \(start)"
                try Output.line(
                    "Rebuilt the views from \(last.done) events\(resumed) in \(Figures.seconds(seconds)) s "
                        + "(\(rate) events/s)."
                )
                if let normaliser = last.normaliser, let reread = last.reread {
                    try Output.line("Reader \(normaliser) reads the usage of \(reread) of them differently.")
                }
            }
        }
    }
}

/// Figures for people.
enum Figures {
    /// Seconds with three decimals.
    static func seconds(_ seconds: Double) -> String { String(format: "%.3f", seconds) }
}
