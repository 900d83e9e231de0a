import Admin
import Foundation
import Synchronization

extension Relay {
    private struct Line: Decodable {
        struct Refusal: Decodable {
            var code: String
            var message: String
        }
        var done: UInt64?
        var total: UInt64?
        var answer: String?
        var error: Refusal?
    }

    /// The whole answer of a question that may take a pass over the ledger, with a bar on a terminal while it does.
    func collect(_ request: ManagementRequest, bar label: String) async throws -> [UInt8] {
        guard Words.isTerminal else { return try await collect(request) }
        var request = request
        request.query["progress"] = ["true"]
        let state = Mutex((bar: ProgressBar(label), last: Line?.none))
        try await lines(request) { bytes in
            guard let line = try? JSONDecoder().decode(Line.self, from: Data(bytes)) else { return }
            state.withLock { state in
                state.last = line
                if let done = line.done { state.bar.show(done, of: line.total, unit: "events") }
            }
        }
        let last = state.withLock { state in
            state.bar.end()
            return state.last
        }
        if let refusal = last?.error {
            throw ManagementError(ManagementError.Code(rawValue: refusal.code) ?? .unavailable, refusal.message)
        }
        guard let answer = last?.answer else {
            throw ManagementError(.unavailable, "The answer ended early; ask again")
        }
        return Array(answer.utf8)
    }

    /// Relays the same to standard output.
    func print(_ request: ManagementRequest, bar label: String) async throws {
        try Output.write(await collect(request, bar: label))
    }
}
