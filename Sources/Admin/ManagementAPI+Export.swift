import Events
import Ledger
import NIOCore
import ServiceLifecycle
import Synchronization
import Views

extension ManagementAPI {
    /// The most exports that are made at the same time.
    static let exportLimit = 16

    /// `/api/export`: the events of a range, in any of the forms; with `follow` also those to come.
    ///
    /// With `after` and `root` it is the rest of a verifiable export that was cut off: neither its first nor its last line.
    func export(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let isFollowing = try request.choice("follow", ["false", "true"]) == "true"
        guard !isFollowing || backend.isServing else {
            throw ManagementError(.unavailable, "No server runs on this data directory, so no events will come")
        }
        let head = backend.source.head
        var export = try request.export(head: isFollowing ? .max : head, clients: backend.identities)
        if try request.choice("names", ["false", "true"]) == "true" {
            guard export.format != .ndjson else {
                throw ManagementError(
                    .badRequest,
                    "A verifiable export holds what is stored, which has no names; ask for csv, focus or cloudevents, or see "
                        + "`tollgate clients`"
                )
            }
            export.names = backend.identities.names
        }
        guard isFollowing || export.from <= head + 1 else {
            throw ManagementError(.notFound, "The ledger ends at event \(head); there is no event \(export.from) yet")
        }
        var run = ExportRun(export, of: backend.source, epochs: await backend.views.read { ExportEpochs($0) })
        run.isFollowing = isFollowing
        run.resumption = try request.resumption(of: export)
        run.throttle = backend.throttle
        // One that follows soon has little to do; a stopped server's directory has the machine for itself.
        run.workers = isFollowing ? 0 : backend.isServing ? max(1, System.coreCount / 2) : System.coreCount
        return try answer(run)
    }

    private func answer(_ run: ExportRun) throws(ManagementError) -> ManagementAnswer {
        let permit = ExportPermit(self)
        guard permit.isGranted else {
            throw ManagementError(.conflict, "\(Self.exportLimit) exports are under way; wait until one has ended")
        }
        guard let feed = ExportFeed(run) else {
            throw ManagementError(.unavailable, "The system gives no further thread; raise the limit (ulimit -u)")
        }
        let isFollowing = run.isFollowing
        var answer = ManagementAnswer(
            contentType: run.export.format.contentType,
            body: .pieces {
                // Held as long as the answer is.
                _ = permit
                guard isFollowing else {
                    guard !Task.isShuttingDownGracefully else { throw CancellationError() }
                    return try await feed.next()
                }
                return try await withTaskCancellationOrGracefulShutdownHandler {
                    try await feed.next()
                } onCancelOrGracefulShutdown: {
                    feed.stopFollowing()
                }
            }
        )
        // The feed lives as long as the body does; the connection may live longer.
        if isFollowing { answer.abandoned = { [weak feed] in feed?.stopFollowing() } }
        return answer
    }
}

/// One of the exports that are made at the same time.
private final class ExportPermit: Sendable {
    let isGranted: Bool
    private let api: ManagementAPI

    init(_ api: ManagementAPI) {
        self.api = api
        isGranted = api.exports.withLock { count in
            guard count < ManagementAPI.exportLimit else { return false }
            count += 1
            return true
        }
    }

    deinit {
        if isGranted { api.exports.withLock { $0 -= 1 } }
    }
}

extension ManagementRequest {
    /// The export that the fields ask for, up to `head` where they do not say how far.
    ///
    /// A client may be named; what is looked for is its id.
    fileprivate func export(head: UInt64, clients: Identities) throws(ManagementError) -> Export {
        let formats = Export.Format.allCases.filter { $0 != .lines }.map(\.rawValue)
        let types = query["type"] ?? []
        if let unknown = types.first(where: { !EventFilter.knownTypes.contains($0) }) {
            throw ManagementError(
                .badRequest,
                "type must be one of \(EventFilter.knownTypes.joined(separator: ", ")), not \"\(unknown.prefix(40))\""
            )
        }
        return Export(
            format: Export.Format(rawValue: try choice("format", formats)) ?? .ndjson,
            from: try number("from") ?? 1,
            through: min(try number("through") ?? .max, head),
            filter: EventFilter(
                since: try moment("since"),
                until: try moment("until"),
                groups: query["group"] ?? [],
                clients: (query["client"] ?? []).map { clients.id(of: $0) ?? $0 },
                models: query["model"] ?? [],
                types: types
            )
        )
    }

    fileprivate func resumption(of export: Export) throws(ManagementError) -> ExportRun.Resumption? {
        guard let after = try number("after") else { return nil }
        guard export.format == .ndjson, after >= export.from - 1, after <= export.through,
            let root = self["root"].flatMap({ Digest(base64: $0) })
        else {
            throw ManagementError(
                .badRequest,
                "after must be an event of the range of an export as ndjson, and root the root of the tree up to it, in base64"
            )
        }
        return ExportRun.Resumption(after: after, root: root)
    }
}
