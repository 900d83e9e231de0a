import Admin
import ArgumentParser
import Events
import Glibc
import Synchronization
import Views

struct ExportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write the events of the ledger, in order, in a form that others can read and verify.",
        discussion: """
            ndjson has every event, one JSON object a line, with its stored bytes, between a first line that says what \
            this is and a last line that is signed: `tollgate verify FILE --key KEY` needs nothing else. What a filter \
            leaves out is accounted for by its hashes. The same export made again has the same bytes, as long as \
            --through is the same. cloudevents has every event as a CloudEvent 1.0. csv has the completed requests, one \
            a row. focus has what they cost in the columns of FOCUS 1.2, a row for each kind of token and its price.

            Filters of one kind are alternatives, those of different kinds must all hold. Clients stand in the ledger by \
            opaque ids (`tollgate clients`); filters take the name as well.

            EXAMPLES
              tollgate export > events.ndjson
              tollgate export --resume events.ndjson     # it was cut off: go on to its end
              tollgate export --from 1001 --client alice > alice.ndjson
              tollgate export --format csv --since 2026-11-01 --names > november.csv
              tollgate export --segments /srv/audit      # whole segments, those that are new
              tollgate export --follow | ssh archive 'cat > today.ndjson'
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Option(help: "ndjson, cloudevents, csv or focus.") var format: ExportForm = .ndjson
    @Option(help: "The first sequence.") var from: UInt64?
    @Option(help: "The last sequence; else the newest when the export starts.") var through: UInt64?
    @OptionGroup(title: "Filters") var filters: FilterOptions
    @Flag(help: "Show clients by their names as far as they are known; csv, focus and cloudevents only.") var names =
        false
    @Flag(name: [.short, .long], help: "Go on with new events until interrupted; needs a running server.")
    var follow = false
    @Option(help: ArgumentHelp("Go on with an export that was cut off, ndjson only.", valueName: "file"))
    var resume: String?
    @Option(
        help: ArgumentHelp(
            "Write one file for each \(Export.segment) events; those that are there and whole are left as they are.",
            valueName: "directory"
        )
    )
    var segments: String?

    func validate() throws {
        guard [resume != nil, segments != nil, follow].filter({ $0 }).count <= 1 else {
            throw ValidationError("--resume, --segments and --follow do not go together")
        }
        guard format == .ndjson || (resume == nil && segments == nil) else {
            throw ValidationError("--resume and --segments are for ndjson; go on with another form by --from")
        }
        guard format != .ndjson || !names else {
            throw ValidationError(
                "--names is for csv, focus and cloudevents: a verifiable export holds what is stored, and that has no names"
            )
        }
        guard format != .focus || !follow else { throw ValidationError("--follow is for ndjson, cloudevents and csv") }
        guard segments == nil || (from == nil && through == nil) else {
            throw ValidationError("--segments has the whole ledger; leave --from and --through out")
        }
    }

    func run() async throws {
        let filter = try await reporting { try filters.filter() }
        if let resume {
            return try await ExportResumption(directory: directory, path: resume).run(asked: query(filter))
        }
        if let segments {
            return try await ExportSegments(directory: directory, folder: segments, filter: filter).run()
        }
        var query = query(filter)
        query["format"] = [format.rawValue]
        if names { query["names"] = ["true"] }
        if follow { return try await ExportFollowing(directory: directory, query: query).run() }
        let request = ManagementRequest(path: "/api/export", query: query)
        try await withRelay(directory) { relay in
            relay.giveWay()
            let head = try await relay.head()
            let last = min(through ?? head, head)
            let first = from ?? 1
            let total: UInt64? = format == .ndjson && filter.isEmpty && last >= first ? last - first + 1 : nil
            // A bar between lines of data on the same terminal would only spoil both.
            let progress = ExportProgress(of: total, hidden: Output.isTerminal)
            try await relay.stream(request) { piece in
                try Output.write(piece)
                progress.add(piece)
            }
            progress.end()
        }
    }

    private func query(_ filter: EventFilter) -> [String: [String]] {
        var query = filter.query
        if let from { query["from"] = [String(from)] }
        if let through { query["through"] = [String(through)] }
        return query
    }
}

enum ExportForm: String, ExpressibleByArgument, CaseIterable {
    case ndjson, cloudevents, csv, focus
}

/// Which events an export has.
struct FilterOptions: ParsableArguments {
    @Option(help: "Only events from this moment on (UTC).") var since: String?
    @Option(help: "Only events before this moment (UTC).") var until: String?
    @Option(help: "Only requests of this group; may be repeated.") var group: [String] = []
    @Option(help: "Only requests of this client; may be repeated.") var client: [String] = []
    @Option(help: "Only requests for this model, as asked for, sent or reported; may be repeated.")
    var model: [String] = []
    @Option(help: "Only events of this type, such as request.completed; may be repeated.") var type: [String] = []

    func filter() throws -> EventFilter {
        EventFilter(
            since: try since.map { try Self.moment("--since", $0) },
            until: try until.map { try Self.moment("--until", $0) },
            groups: group,
            clients: client,
            models: model,
            types: type
        )
    }

    private static func moment(_ name: String, _ text: String) throws(ManagementError) -> Int64 {
        guard let moment = Timestamp.parse(text) else {
            throw ManagementError(
                .badRequest,
                "\(name) must be a time such as 2026-11-01 or 2026-11-01T12:00:00Z, not \"\(text.prefix(40))\""
            )
        }
        return moment
    }
}

/// A bar over the lines of an export.
final class ExportProgress: Sendable {
    private let total: UInt64?
    private let state: Mutex<(bar: ProgressBar, lines: UInt64)>

    init(of total: UInt64?, hidden: Bool = false) {
        self.total = total
        state = Mutex((bar: ProgressBar("export", hidden: hidden), lines: 0))
    }

    func add(_ piece: [UInt8]) {
        guard Words.isTerminal else { return }
        let lines = piece.withUnsafeBytes { bytes in
            var count: UInt64 = 0
            var start = 0
            while let base = bytes.baseAddress, let found = memchr(base + start, 0x0a, bytes.count - start) {
                count += 1
                start = UnsafeRawPointer(found) - base + 1
            }
            return count
        }
        state.withLock { state in
            state.lines += lines
            state.bar.show(state.lines, of: total, unit: "lines")
        }
    }

    func end() { state.withLock { $0.bar.end() } }
}
