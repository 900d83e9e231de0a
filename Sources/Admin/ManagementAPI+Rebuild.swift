import Synchronization
import Views

extension ManagementAPI {
    /// Rebuilds the views beside the serving ones: an NDJSON line now and then, and a last one with `finished`.
    ///
    /// A rebuild that was stopped goes on where it was; `fresh=true` begins anew. With `normalise=true` usage is read
    /// again; the last line then has the reader's version as `normaliser`, and as `reread` how many events it reads
    /// differently.
    func rebuild(_ request: ManagementRequest) throws(ManagementError) -> ManagementAnswer {
        let isAnew = try request.choice("fresh", ["false", "true"]) == "true"
        let normalises = try request.choice("normalise", ["false", "true"]) == "true"
        let wasRunning = isRebuilding.withLock { running in
            defer { running = true }
            return running
        }
        guard !wasRunning else { throw ManagementError(.conflict, "A rebuild is already running; wait for its end") }
        let (lines, feed) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(16))
        let clock = ContinuousClock()
        let start = clock.now
        let head = backend.source.head
        let views = backend.views
        Task {
            defer { isRebuilding.withLock { $0 = false } }
            let resumed = Mutex<UInt64>(0)
            do {
                let isDone = try await blocking {
                    try views.rebuild(normalises: normalises, isAnew: isAnew) { progress in
                        resumed.withLock { $0 = progress.start }
                        let line = Self.line(progress, clock.now - start, finished: nil, error: nil)
                        // A reader that went away ends the rebuild.
                        if case .terminated = feed.yield(line) { return false }
                        return true
                    }
                }
                let text = isDone ? nil : "The rebuild was stopped; the views are as they were"
                let reading = await views.read { state in
                    normalises ? (normaliser: state.normaliser, reread: state.reread) : nil
                }
                let end = ViewService.Progress(done: head, total: head, start: resumed.withLock(\.self))
                feed.yield(Self.line(end, clock.now - start, finished: isDone, error: text, reading: reading))
            } catch {
                let text = Self.refusal(error).message
                let end = ViewService.Progress(done: 0, total: head)
                feed.yield(Self.line(end, clock.now - start, finished: false, error: text))
            }
            feed.finish()
        }
        return ManagementAnswer(lines: lines)
    }

    private static func line(
        _ progress: ViewService.Progress,
        _ elapsed: Duration,
        finished: Bool?,
        error: String?,
        reading: (normaliser: UInt8, reread: UInt64)? = nil
    ) -> [UInt8] {
        let microseconds = elapsed.components.seconds * 1_000_000 + elapsed.components.attoseconds / 1_000_000_000_000
        let fraction = String(microseconds % 1_000_000 + 1_000_000).dropFirst()
        var json = JSONWriter()
        json.object { json in
            json.field("done", progress.done)
            json.field("total", progress.total)
            json.field("resumed_from", progress.start)
            json.field("seconds") { $0.raw("\(microseconds / 1_000_000).\(fraction)") }
            if let finished { json.field("finished", finished) }
            if let reading {
                json.field("normaliser", reading.normaliser)
                json.field("reread", reading.reread)
            }
            if let error { json.field("error", error) }
        }
        return json.bytes + [0x0a]
    }
}
