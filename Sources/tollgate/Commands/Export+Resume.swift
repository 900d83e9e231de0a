import Admin
import Glibc
import Ledger
import NIOPosix
import Synchronization
import Views

/// Goes on with an export that was cut off, in its own file.
///
/// What the file has is verified, and by its root the ledger knows it for the beginning of itself, so nothing of it is
/// made again. The file ends up with the bytes that it would have had.
struct ExportResumption: Sendable {
    var directory: DirectoryOptions
    var path: String

    /// - Parameter asked: the fields that were given beside the file; they must be those that it was made with.
    func run(asked: [String: [String]]) async throws {
        try await withRelay(directory) { relay in
            relay.giveWay()
            let file = try ExportFile(opening: path)
            let found = try await NIOThreadPool.singleton.runIfActive { try remains(of: file) }
            switch found {
            case .whole(let audit):
                Words.say("\(path) is whole: it has all events through \(audit.through)")
            case .nothing:
                try file.cut(to: 0)
                var query = asked
                query["format"] = ["ndjson"]
                let progress = ExportProgress(of: nil)
                try await relay.stream(ManagementRequest(path: "/api/export", query: query)) { piece in
                    try file.write(piece)
                    progress.add(piece)
                }
                progress.end()
                try file.sync()
                Words.say("\(path) held not even its first line; it was made from the beginning")
            case .cut(let remains): try await proceed(from: remains, file, relay, asked)
            }
        }
    }

    private func remains(of file: ExportFile) throws -> ExportRemains.Found {
        var bar = ProgressBar("read")
        defer { bar.end() }
        let size = file.size
        return try ExportRemains.read(
            workers: Processors.count,
            read: { try file.read(into: $0) },
            progress: { bar.show($0 >> 20, of: size.map { $0 >> 20 }, unit: "MiB") }
        )
    }

    private func proceed(
        from remains: ExportRemains,
        _ file: ExportFile,
        _ relay: Relay,
        _ asked: [String: [String]]
    ) async throws {
        let through: UInt64
        if let stated = remains.through {
            through = stated
        } else if let wanted = asked["through"]?.first.flatMap({ UInt64($0) }) {
            through = wanted
        } else {
            through = try await relay.head()
        }
        var query = remains.filter.query
        query["from"] = [String(remains.from)]
        query["through"] = [String(through)]
        var asked = asked
        if let clients = asked["client"] { asked["client"] = try await relay.ids(ofClients: clients).sorted() }
        for (name, values) in asked where query[name] ?? [] != values {
            throw ManagementError(
                .badRequest,
                "\(path) was made with another --\(name); it has its own with it, so leave the option out"
            )
        }
        let key = String(decoding: try await relay.collect(ManagementRequest(path: "/api/key")), as: UTF8.self)
        guard key == remains.key + "\n" else {
            throw ManagementError(.badRequest, "\(path) is an export of another ledger")
        }
        query["format"] = ["ndjson"]
        if remains.through != nil {
            let manifest = try await relay.firstLine(ManagementRequest(path: "/api/export", query: query))
            guard manifest == remains.manifest else {
                throw ManagementError(
                    .damaged,
                    "The first line of \(path) is not the one that such an export of this ledger has; make it again"
                )
            }
        }
        query["after"] = [String(remains.ending.last)]
        query["root"] = [remains.root.base64]
        try file.cut(to: remains.bytes)
        let received = ReceivedText(remains.ending)
        let progress = ExportProgress(of: through - min(through, remains.ending.last))
        try await relay.stream(ManagementRequest(path: "/api/export", query: query)) { piece in
            let whole = received.take(piece)
            guard !whole.isEmpty else { return }
            try received.count(whole)
            try file.write(whole)
            progress.add(whole)
        }
        progress.end()
        try file.write(try await ExportResumption.trailer(received.ending, relay))
        try file.sync()
        Words.say("\(path): went on behind event \(remains.ending.last), now whole through \(through)")
    }

    /// The last line of an export, by a checkpoint of the ledger it came from.
    static func trailer(_ ending: ExportEnding, _ relay: Relay) async throws -> [UInt8] {
        let request = ManagementRequest(path: "/api/checkpoint", query: ["size": [String(ending.last)]])
        return try ending.trailer(checkpoint: String(decoding: try await relay.collect(request), as: UTF8.self))
    }
}

/// The text of an export as it comes: the last line is held back until its end is there.
final class ReceivedText: Sendable {
    private let rest = Mutex<[UInt8]>([])
    private let counted: Mutex<ExportEnding>

    init(_ ending: ExportEnding = ExportEnding()) { counted = Mutex(ending) }

    /// What was counted so far.
    var ending: ExportEnding { counted.withLock { $0 } }

    /// The whole lines that are there with a further piece.
    func take(_ piece: [UInt8]) -> [UInt8] {
        rest.withLock { rest in
            guard let last = piece.lastIndex(of: 0x0a) else {
                rest += piece
                return []
            }
            let whole = rest + piece[...last]
            rest = Array(piece[(last + 1)...])
            return whole
        }
    }

    /// Counts the lines of a verifiable export.
    func count(_ lines: [UInt8]) throws { try counted.withLock { try $0.add(lines) } }
}
