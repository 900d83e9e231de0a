import Accounting
import Admin
import Events
import Foundation
import Ledger
import Logging
import Settings
import Views

/// A ledger with some events, views over it and the management side, in a folder of its own.
final class Fixture: Sendable {
    static let book = PriceBook.empty
    let folder: String
    let ledger: Ledger
    let views: ViewService
    let api: ManagementAPI

    /// - Parameter more: further records, as another version may have written them.
    init(identities: Identities = Identities(), isServing: Bool = true, more: [[UInt8]] = []) throws {
        folder = FileManager.default.temporaryDirectory.path + "/tg-admin-\(UInt32.random(in: 0 ... .max))"
        ledger = try Ledger.open(LedgerOptions(directory: folder))
        try ledger.appendAndWait([EventCodec.encode(.schemaAdopted(Schema.adopted(time: 1)))])
        try ledger.appendAndWait((1...3).map { EventCodec.encode(.requestCompleted(Self.request($0))) })
        try ledger.appendAndWait(more)
        views = try ViewService(source: ledger)
        let ledger = ledger
        var backend = ManagementBackend(
            source: ledger,
            views: views,
            version: "test",
            isServing: isServing,
            identities: identities,
            readBook: { bytes throws(ManagementError) in
                guard bytes == Array("rows: []".utf8) else { throw ManagementError(.invalidBook, "line 1: not a book") }
                return Self.book
            },
            writeBook: { _ in "rows: []\n" },
            adopt: { book, origin throws(ManagementError) in
                let event = PriceBookAdopted(time: 5, revision: 1, hash: [1], origin: origin, book: book)
                do throws(LedgerError) {
                    let sequence = try ledger.appendAndWait([EventCodec.encode(.priceBookAdopted(event))])
                    return .init(revision: 1, sequence: sequence, isNew: true)
                } catch {
                    throw ManagementError(.unavailable, error.message)
                }
            }
        )
        backend.compatibility = { [.gptLoad] }
        api = ManagementAPI(backend: backend)
    }

    deinit {
        views.close()
        ledger.close()
        try? FileManager.default.removeItem(atPath: folder)
    }

    static func request(_ number: Int) -> RequestCompleted {
        let id = RequestID(high: 0x0192_f0c1_0000_7000, low: 0x8000_0000_0000_0000 + UInt64(number))
        var request = RequestCompleted(
            id: id,
            time: 1_763_884_800_000_000 + Int64(number),
            group: "openai",
            provider: "openai"
        )
        request.client = "alice"
        request.modelReported = "gpt-4o"
        request.status = 200
        return request
    }

    /// Runs the listeners for the length of the closure.
    func listening<Result: Sendable>(
        adminToken: String? = nil,
        metricsToken: String? = nil,
        _ body: @Sendable (_ port: Int, _ socket: SocketFile) async throws -> Result
    ) async throws -> Result {
        var configuration = Configuration()
        configuration.admin.listen = .init(host: "127.0.0.1", port: 0)
        configuration.admin.token = adminToken
        configuration.metrics.token = metricsToken
        let socket = SocketFile(directory: folder)
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let server = ManagementServer(configuration: configuration, socket: socket, handler: api, logger: logger)
        return try await withThrowingTaskGroup(of: Result?.self) { group in
            group.addTask {
                try await server.run()
                return nil
            }
            guard let port = await server.port() else { throw ManagementError(.unavailable, "not listening") }
            let result = try await body(port, socket)
            group.cancelAll()
            while let _ = try? await group.next() {}
            return result
        }
    }
}
