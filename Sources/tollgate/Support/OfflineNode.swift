import Admin
import NIOPosix

/// The management side of a directory that no server uses, for the length of one command.
struct OfflineNode: Sendable {
    private let node: Node
    let handler: ManagementAPI

    static func open(directory: String, writing: Bool) async throws -> OfflineNode {
        let node = try await NIOThreadPool.singleton.runIfActive {
            try Node.offline(directory: directory, isReadOnly: !writing)
        }
        return OfflineNode(node: node, handler: ManagementAPI(backend: node.backend(isServing: false)))
    }

    func close() async {
        let node = node
        // Nothing is left to tell when even the threads are gone.
        try? await NIOThreadPool.singleton.runIfActive { node.close() }
    }
}
