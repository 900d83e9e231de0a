import Admin
import Foundation

/// Puts requests to the management side and relays the answers.
struct Relay: Sendable {
    let transport: any ManagementTransport

    /// Streams the answer's body to a receiver; a refusal becomes an error.
    func stream(_ request: ManagementRequest, _ receive: @escaping @Sendable ([UInt8]) async throws -> Void)
        async throws
    {
        let refused = Collected()
        let status = try await transport.perform(request) { status, piece in
            if status < 400 {
                try await receive(piece)
            } else {
                await refused.add(piece)
            }
        }
        guard status >= 400 else { return }
        throw Self.error(status: status, body: await refused.bytes)
    }

    /// The first line of an answer, with its end; the rest is not waited for.
    func firstLine(_ request: ManagementRequest) async throws -> [UInt8] {
        struct Enough: Error {}
        let collected = Collected()
        do {
            try await stream(request) { piece in
                await collected.add(piece)
                if piece.contains(0x0a) { throw Enough() }
            }
        } catch is Enough {}
        let bytes = await collected.bytes
        return Array(bytes.prefix(through: bytes.firstIndex(of: 0x0a) ?? max(0, bytes.count - 1)))
    }

    /// The whole body of an answer.
    func collect(_ request: ManagementRequest) async throws -> [UInt8] {
        let collected = Collected()
        try await stream(request) { await collected.add($0) }
        return await collected.bytes
    }

    /// Relays the answer to standard output.
    func print(_ request: ManagementRequest) async throws {
        try await stream(request) { try Output.write($0) }
    }

    /// Follows an answer of NDJSON lines.
    func lines(_ request: ManagementRequest, _ each: @escaping @Sendable ([UInt8]) throws -> Void) async throws {
        let splitter = LineSplitter()
        try await stream(request) { piece in
            for line in await splitter.add(piece) { try each(line) }
        }
    }

    private struct Refusal: Decodable {
        struct Inner: Decodable {
            var code: String
            var message: String
        }
        var error: Inner
    }

    private static func error(status: Int, body: [UInt8]) -> ManagementError {
        if let refusal = try? JSONDecoder().decode(Refusal.self, from: Data(body)),
            let code = ManagementError.Code(rawValue: refusal.error.code)
        {
            return ManagementError(code, refusal.error.message)
        }
        return ManagementError(.unavailable, "The server answered with status \(status)")
    }
}

/// Bytes that come in pieces.
private actor Collected {
    private(set) var bytes: [UInt8] = []

    func add(_ piece: [UInt8]) { bytes += piece }
}

/// Cuts pieces into lines; empty ones, which keep a connection alive, are dropped.
private actor LineSplitter {
    private var rest: [UInt8] = []

    func add(_ piece: [UInt8]) -> [[UInt8]] {
        rest += piece
        guard let last = rest.lastIndex(of: 0x0a) else { return [] }
        let lines = rest[..<last].split(separator: 0x0a).map { Array($0) }
        rest = Array(rest[(last + 1)...])
        return lines
    }
}

extension Relay {
    private struct Clients: Decodable {
        struct Client: Decodable {
            var id: String
            var name: String
        }
        var clients: [Client]
    }

    /// The ids of clients that were named; what is no known name stays as it is.
    func ids(ofClients names: [String]) async throws -> [String] {
        let body = try await collect(ManagementRequest(path: "/api/clients"))
        guard let known = try? JSONDecoder().decode(Clients.self, from: Data(body)).clients else {
            throw ManagementError(.unavailable, "The server's clients could not be read; it may be of another version")
        }
        return names.map { name in known.first { $0.name == name }?.id ?? name }
    }

    private struct Status: Decodable {
        var head: UInt64
    }

    /// The newest sequence of the ledger.
    func head() async throws -> UInt64 {
        let body = try await collect(ManagementRequest(path: "/api/status"))
        guard let status = try? JSONDecoder().decode(Status.self, from: Data(body)) else {
            throw ManagementError(.unavailable, "The server's status could not be read; it may be of another version")
        }
        return status.head
    }
}
