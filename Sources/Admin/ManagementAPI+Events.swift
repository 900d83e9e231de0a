import Events
import ServiceLifecycle
import Synchronization
import Views

extension ManagementAPI {
    /// `/api/events`: the events from a sequence on, as NDJSON; with `follow` also those to come.
    func events(_ request: ManagementRequest) throws(ManagementError) -> ManagementAnswer {
        let isFollowing = try request.choice("follow", ["false", "true"]) == "true"
        guard !isFollowing || backend.isServing else {
            throw ManagementError(.unavailable, "No server runs on this data directory, so no events will come")
        }
        let source = backend.source
        let first = max(1, try request.number("from") ?? 1)
        let last = try request.number("through") ?? .max
        let through = isFollowing ? last : min(last, source.head)
        let reader = EventReader(source: source, from: first, through: through, names: backend.identities.names)
        guard isFollowing else {
            return ManagementAnswer(
                contentType: MediaType.lines,
                body: .pieces { [self] in try await self.blocking { try reader.next() } }
            )
        }
        return ManagementAnswer(
            contentType: MediaType.lines,
            body: .pieces { [self] in
                var idle = Duration.zero
                while !Task.isShuttingDownGracefully {
                    if source.head >= reader.position, let piece = try await self.blocking({ try reader.next() }) {
                        return piece
                    }
                    if reader.position > last { return nil }
                    try await Task.sleep(for: Self.followInterval)
                    idle += Self.followInterval
                    // An empty line finds out whether anybody still listens.
                    if idle >= .seconds(15) { return [0x0a] }
                }
                return nil
            }
        )
    }

    private static let followInterval = Duration.milliseconds(100)

    /// `/api/events/{sequence or request id}`: what is known of one event or request, as indented JSON.
    func inspect(_ name: String) async throws -> ManagementAnswer {
        let source = backend.source
        let books = await backend.views.read { $0.books }
        let names = backend.identities.names
        let bytes = try await blocking { try Inspect(name, in: source, books: books).render(names: names) }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(bytes))
    }
}
