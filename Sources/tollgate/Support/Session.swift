import Admin
import Foundation

/// The management side of a data directory: the running server when there is one, else the directory itself, opened
/// for reading only unless the command is `writing`.
func withRelay<Result>(
    _ options: DirectoryOptions,
    writing: Bool = false,
    _ body: (Relay) async throws -> Result
) async throws -> Result {
    try await reporting {
        let directory = try options.directory()
        guard FileManager.default.fileExists(atPath: directory) else {
            throw ManagementError(
                .notFound,
                "There is no data directory \(directory); name it with --data-dir, or start `tollgate serve` to make it"
            )
        }
        let socket = SocketFile(directory: directory)
        if socket.answers {
            return try await body(Relay(transport: ManagementClient(socket: socket)))
        }
        let node = try await OfflineNode.open(directory: directory, writing: writing)
        do {
            let result = try await body(Relay(transport: LocalTransport(handler: node.handler)))
            await node.close()
            return result
        } catch {
            await node.close()
            throw error
        }
    }
}

/// Reads a file that a command was given.
func readFile(_ path: String) throws -> [UInt8] {
    guard let data = FileManager.default.contents(atPath: path) else {
        throw ManagementError(.notFound, "The file \(path) cannot be read; check that it exists and its permissions")
    }
    return Array(data)
}
