import Accounting
import Events
import Ledger
import NIOPosix
import Settings
import Synchronization
import Views

/// Answers every management request from the views and the ledger, in a serving process and in a command alike.
///
/// Blocking work runs on threads of its own, never on an event loop or in a task.
public final class ManagementAPI: ManagementHandler {
    let backend: ManagementBackend
    let isRebuilding = Mutex(false)
    let isAuditing = Mutex(false)
    /// Exports that are under way.
    let exports = Mutex(0)

    /// The API over a backend.
    public init(backend: ManagementBackend) { self.backend = backend }

    /// Answers one request; what goes wrong becomes a JSON answer with an honest status.
    public func answer(_ request: ManagementRequest) async -> ManagementAnswer {
        do {
            return try await route(request)
        } catch {
            return .refusal(Self.refusal(error))
        }
    }

    private func route(_ request: ManagementRequest) async throws -> ManagementAnswer {
        switch (request.method, request.path) {
        case ("GET", "/"): return .text(Dashboard.page, contentType: MediaType.html)
        case ("GET", "/healthz"): return .text("alive\n")
        case ("GET", "/readyz"): return ready()
        case ("GET", "/metrics"): return await metrics(request)
        case ("GET", "/api/status"): return await status()
        case ("GET", "/api/report"), ("POST", "/api/report"):
            return try await withProgress(request) { try await self.report(request, $0) }
        case ("GET", "/api/usage"): return try await withProgress(request) { try await self.usage(request, $0) }
        case ("GET", "/api/export"): return try await export(request)
        case ("GET", "/api/events"): return try events(request)
        case ("GET", "/api/prices"): return try await priceBooks(request)
        case ("GET", "/api/prices/missing"): return try await missingPrices(request)
        case ("POST", "/api/prices/diff"):
            return try await withProgress(request) { try await self.priceDifference(request, $0) }
        case ("POST", "/api/prices/adopt"): return try await adoptPrices(request)
        case ("POST", "/api/rebuild"): return try rebuild(request)
        case ("GET", "/api/clients"): return try clients(request)
        case ("GET", "/api/schema"): return try await schema(request)
        case ("POST", "/api/clients/forget"): return try await forget(request)
        case ("GET", "/api/key"), ("GET", "/api/checkpoint"), ("GET", "/api/proof"): return try await auditText(request)
        case ("POST", "/api/audit"): return try audit(request)
        default: return try await parameterised(request)
        }
    }

    private static let orders: Set<String> = [
        "/api/prices/diff", "/api/prices/adopt", "/api/rebuild", "/api/audit", "/api/clients/forget",
    ]
    private static let questions: Set<String> = [
        "/", "/healthz", "/readyz", "/metrics", "/api/status", "/api/report", "/api/usage", "/api/export",
        "/api/events", "/api/prices", "/api/prices/missing", "/api/clients", "/api/schema", "/api/key",
        "/api/checkpoint", "/api/proof",
    ]

    private func parameterised(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let known = Self.orders.contains(request.path) || Self.questions.contains(request.path)
        if request.method == "GET", !known {
            if request.path.hasPrefix("/api/events/") {
                return try await inspect(String(request.path.dropFirst("/api/events/".count)))
            }
            if request.path.hasPrefix("/api/prices/") {
                return try await priceBook(String(request.path.dropFirst("/api/prices/".count)), request)
            }
        }
        guard known else {
            throw ManagementError(.notFound, "There is nothing at \(request.path.prefix(200)); the API is below /api/")
        }
        let allowed = Self.orders.contains(request.path) ? "POST" : "GET"
        throw ManagementError(.methodNotAllowed, "\(request.path) takes \(allowed), not \(request.method.prefix(20))")
    }

    private func ready() -> ManagementAnswer {
        if let reason = backend.unready() ?? backend.views.failure {
            return .refusal(ManagementError(.unavailable, reason))
        }
        return .text("ready\n")
    }

    private func metrics(_ request: ManagementRequest) async -> ManagementAnswer {
        let format = MetricsRenderer.Format(accept: request.accept.isEmpty ? nil : request.accept)
        let names = Set(backend.compatibility().compactMap { MetricsRenderer.Compatibility(rawValue: $0.rawValue) })
        let renderer = MetricsRenderer(format: format, compatibility: names)
        let sample = backend.sample
        let text = await backend.views.read { state in renderer.render(state, sample()) }
        return ManagementAnswer(contentType: format.contentType, body: .whole(text))
    }

    private func status() async -> ManagementAnswer {
        let backend = backend
        let head = backend.source.head
        let bytes = await backend.views.read { state in
            var json = JSONWriter()
            json.object { json in
                json.field("version", backend.version)
                json.field("origin", backend.source.origin)
                json.field("serving", backend.isServing)
                json.field("head", head)
                json.field("view_sequence", state.sequence)
                json.field("restated_through", state.restatedThrough)
                json.field("view_failure", backend.views.failure)
                json.field("requests", state.total.requests)
                json.field("unpriced_requests", state.total.unpriced)
                json.field("charged_usd", state.total.charged.dollars)
                json.field("restated_usd", state.total.restated.dollars)
                json.field("price_book", state.bookRevision)
                json.field("usage_normaliser", state.normaliser)
                json.field("node_starts", state.nodeStarts)
                json.field("history_truncations", state.truncations)
            }
            return json.bytes
        }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(bytes + [0x0a]))
    }

    /// Runs blocking work on the threads for it.
    func blocking<Result: Sendable>(_ work: @escaping @Sendable () throws -> Result) async throws -> Result {
        try await NIOThreadPool.singleton.runIfActive(work)
    }

    static func refusal(_ error: any Error) -> ManagementError {
        switch error {
        case let error as ManagementError: return error
        case let error as ViewError:
            switch error.code {
            case .badQuestion: return ManagementError(.badRequest, error.description)
            case .notFound: return ManagementError(.notFound, error.description)
            case .closed: return ManagementError(.unavailable, error.description)
            default: return ManagementError(.damaged, error.description)
            }
        case let error as LedgerError:
            switch error.code {
            case .notFound: return ManagementError(.notFound, error.message)
            case .closed, .notWritable: return ManagementError(.unavailable, error.message)
            default: return ManagementError(.damaged, error.message)
            }
        case let error as AuditFailure: return ManagementError(.badRequest, error.message)
        case let error as EventError: return ManagementError(.damaged, error.description)
        default: return ManagementError(.damaged, "The ledger or its views could not be read: \(error)")
        }
    }
}

extension ManagementRequest {
    /// A field that is a sequence or a count.
    func number(_ name: String) throws(ManagementError) -> UInt64? {
        guard let text = self[name] else { return nil }
        guard let number = UInt64(text) else {
            throw ManagementError(.badRequest, "\(name) must be a whole number, not \"\(text.prefix(40))\"")
        }
        return number
    }

    /// A field that is a moment, in microseconds since 1970 (UTC).
    func moment(_ name: String) throws(ManagementError) -> Int64? {
        guard let text = self[name] else { return nil }
        guard let moment = Timestamp.parse(text) else {
            throw ManagementError(
                .badRequest,
                "\(name) must be a time such as 2026-11-01 or 2026-11-01T12:00:00Z, not \"\(text.prefix(40))\""
            )
        }
        return moment
    }

    /// A field with one of several values.
    func choice(_ name: String, _ known: [String]) throws(ManagementError) -> String {
        let text = self[name] ?? known.first ?? ""
        guard known.contains(text) else {
            throw ManagementError(
                .badRequest,
                "\(name) must be one of \(known.joined(separator: ", ")), not \"\(text.prefix(40))\""
            )
        }
        return text
    }
}
