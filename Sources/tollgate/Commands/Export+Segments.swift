import Admin
import Foundation
import Glibc
import Ledger
import Views

/// Exports a ledger into a folder, a file for each segment, so that what is there need never be made again.
///
/// A file's name holds its first and last event; the one that is not full yet is named `partial` and replaced by the next
/// run. A file gets its name when it is whole and on the disk.
struct ExportSegments: Sendable {
    var directory: DirectoryOptions
    var folder: String
    var filter: EventFilter

    func run() async throws {
        try await withRelay(directory) { relay in
            relay.giveWay()
            do {
                try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
            } catch {
                throw ManagementError(
                    .unavailable,
                    "The folder \(folder) cannot be made: \(error.localizedDescription)"
                )
            }
            let head = try await relay.head()
            let progress = ExportProgress(of: nil)
            var written = 0
            var first: UInt64 = 1
            while first <= head {
                let last = first + Export.segment - 1
                let isFull = last <= head
                let path = self.path(first, isFull ? last : nil)
                let isThere = isFull && FileManager.default.fileExists(atPath: path)
                if isThere {
                    try await check(path, first, last, relay)
                } else {
                    try await write(path, first, min(last, head), relay, progress)
                    written += 1
                }
                // The one that was not full is in the one that is.
                if isFull { try? FileManager.default.removeItem(atPath: self.path(first, nil)) }
                first = last + 1
            }
            progress.end()
            Words.say("\(folder): \(written) files written, through event \(head)")
        }
    }

    private func path(_ first: UInt64, _ last: UInt64?) -> String {
        func padded(_ number: UInt64) -> String {
            let digits = String(number)
            return String(repeating: "0", count: max(0, 12 - digits.count)) + digits
        }
        return "\(folder)/\(padded(first))-\(last.map(padded) ?? "partial").ndjson"
    }

    /// Tells a file that only has the name of a segment: its first line and its checkpoint are those of the segment, and
    /// what stands between is for `tollgate verify`.
    private func check(_ path: String, _ first: UInt64, _ last: UInt64, _ relay: Relay) async throws {
        let manifest = try await relay.firstLine(request(first, last))
        let file = try ExportFile(opening: path)
        let checkpoint = ManagementRequest(path: "/api/checkpoint", query: ["size": [String(last)]])
        let note = String(decoding: try await relay.collect(checkpoint), as: UTF8.self)
        guard try file.begin(manifest.count) == manifest, try ExportAudit.checkpoint(atEndOf: file.end(1 << 16)) == note
        else {
            throw ManagementError(
                .damaged,
                "\(path) is not the export of the events \(first) to \(last) that is asked for, or is not whole; move it away"
            )
        }
    }

    private func request(_ first: UInt64, _ last: UInt64) -> ManagementRequest {
        var query = filter.query
        query["format"] = ["ndjson"]
        query["from"] = [String(first)]
        query["through"] = [String(last)]
        return ManagementRequest(path: "/api/export", query: query)
    }

    private func write(
        _ path: String,
        _ first: UInt64,
        _ last: UInt64,
        _ relay: Relay,
        _ progress: ExportProgress
    ) async throws {
        let unfinished = path + ".unfinished"
        let file = try ExportFile(creating: unfinished)
        try await relay.stream(request(first, last)) { piece in
            try file.write(piece)
            progress.add(piece)
        }
        try file.sync()
        guard rename(unfinished, path) == 0 else {
            throw ManagementError(.unavailable, "\(path) cannot be named: \(String(cString: strerror(errno)))")
        }
    }
}
