import Admin
import UnixSignals
import Views

/// An export that goes on with what comes, until a signal or the server ends it.
struct ExportFollowing: Sendable {
    var directory: DirectoryOptions
    var query: [String: [String]]

    private enum End: Sendable {
        case server, signal
    }

    func run() async throws {
        var query = query
        query["follow"] = ["true"]
        let request = ManagementRequest(path: "/api/export", query: query)
        let isVerifiable = query["format"] == ["ndjson"]
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        try await withRelay(directory) { relay in
            let received = ReceivedText()
            let end = try await withThrowingTaskGroup(of: End.self) { group in
                group.addTask {
                    try await relay.stream(request) { piece in
                        let whole = received.take(piece)
                        guard !whole.isEmpty else { return }
                        try Output.write(whole)
                        if isVerifiable { try received.count(whole) }
                    }
                    return .server
                }
                group.addTask {
                    for await _ in signals { break }
                    return .signal
                }
                let first = try await group.next()
                group.cancelAll()
                // The piece that is under way is still written.
                while let _ = await group.nextResult() {}
                return first
            }
            let ending = received.ending
            guard end == .signal, isVerifiable, ending.hasBegun, !ending.hasEnded else { return }
            try Output.write(try await ExportResumption.trailer(ending, relay))
        }
    }
}
