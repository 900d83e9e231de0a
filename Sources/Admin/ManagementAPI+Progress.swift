import Views

extension ManagementAPI {
    /// Takes how far a pass over the ledger has come; false when nobody waits for its answer any more.
    typealias Progress = @Sendable (ViewService.Progress) -> Bool

    /// Answers a question that may take a pass over the ledger.
    ///
    /// With `progress=true` the answer is lines of JSON: `done` and `total` now and then, at the end `answer` with the text
    /// that would have been all of it, or `error`, as a refusal has it.
    func withProgress(
        _ request: ManagementRequest,
        _ question: @escaping @Sendable (@escaping Progress) async throws -> ManagementAnswer
    ) async throws -> ManagementAnswer {
        guard try request.choice("progress", ["false", "true"]) == "true" else {
            return try await question { _ in true }
        }
        let (lines, feed) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(16))
        Task {
            do {
                let answer = try await question { progress in
                    if case .terminated = feed.yield(Self.line(progress)) { return false }
                    return true
                }
                feed.yield(try await Self.line(answer))
            } catch {
                if case .whole(let text) = ManagementAnswer.refusal(Self.refusal(error)).body { feed.yield(text) }
            }
            feed.finish()
        }
        return ManagementAnswer(lines: lines)
    }

    private static func line(_ progress: ViewService.Progress) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("done", progress.done)
            json.field("total", progress.total)
        }
        return json.bytes + [0x0a]
    }

    private static func line(_ answer: ManagementAnswer) async throws -> [UInt8] {
        var text: [UInt8] = []
        switch answer.body {
        case .whole(let bytes): text = bytes
        case .pieces(let next): while let piece = try await next() { text += piece }
        }
        var json = JSONWriter()
        json.object { json in json.field("answer", String(decoding: text, as: UTF8.self)) }
        return json.bytes + [0x0a]
    }
}
