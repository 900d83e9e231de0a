import Events
import Views

extension ManagementAPI {
    /// `/api/usage`: tokens and money by day, provider and reported model, by one pass over the ledger; `since` and
    /// `until` are days, the end not included.
    func usage(_ request: ManagementRequest, _ progress: @escaping Progress) async throws -> ManagementAnswer {
        let since = try request.moment("since").map { Timestamp.floorDivide($0, Timestamp.day) }
        let until = try request.moment("until").map { Timestamp.floorDivide($0 + Timestamp.day - 1, Timestamp.day) }
        let provider = request["provider"]
        let groups = Set(request.query["group"] ?? [])
        let newestBook = await backend.views.read { $0.books.last?.sequence }
        let source = backend.history
        // Times that can be written are far from the ends of the integer.
        let first = since ?? 0
        let days = first..<max(first, until ?? 1_000_000_000)
        let usage = try await blocking {
            try DailyUsage(
                scanning: source,
                days: days,
                provider: provider,
                groups: groups,
                newestBook: newestBook,
                progress: progress
            )
        }
        guard let usage else { throw ManagementError(.unavailable, "The comparison was stopped") }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(usage.render()))
    }
}
