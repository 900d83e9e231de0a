import Admin
import ArgumentParser
import Foundation
import Ledger
import NIOPosix

struct ProofCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "proof",
        abstract: "Prove that an event stands in the ledger, or that nothing was changed between two checkpoints.",
        discussion: """
            The proof goes to standard output. `tollgate verify` and tools/verify check it offline, with the ledger's \
            public key alone. An inclusion proof is a C2SP tlog-proof; it carries the event's stored bytes along unless \
            --bare says otherwise.

            EXAMPLES
              tollgate proof 42 > 42.tlog-proof
              tollgate proof 0192f0c1-7d3e-7c11-9f5a-3b1c8d2e4f60 > request.tlog-proof
              tollgate proof --from 1000 --to 2000 > consistency.proof
              tollgate verify --proof 42.tlog-proof --key "$(tollgate key)"
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Argument(help: "A sequence or a request id.") var event: String?
    @Option(help: ArgumentHelp("The earlier size, for a proof of consistency.", valueName: "size")) var from: UInt64?
    @Option(help: ArgumentHelp("The later size; else all records.", valueName: "size")) var to: UInt64?
    @Option(
        help: ArgumentHelp(
            "The size of the tree that the event is proved to be in; else all records.",
            valueName: "size"
        )
    )
    var size: UInt64?
    @Flag(help: "Leave the event's stored bytes out.") var bare = false

    func validate() throws {
        guard (event == nil) != (from == nil) else {
            throw ValidationError("name an event, or two sizes by --from and --to")
        }
        guard event == nil || to == nil, from == nil || (size == nil && !bare) else {
            throw ValidationError("--to belongs to --from, --size and --bare belong to an event")
        }
    }

    func run() async throws {
        var query: [String: [String]] = [:]
        if let event { query["event"] = [event] }
        if let from { query["from"] = [String(from)] }
        if let to { query["to"] = [String(to)] }
        if let size { query["size"] = [String(size)] }
        if bare { query["record"] = ["false"] }
        let (event, from, to, size, carriesRecord) = (event, from, to, size, !bare)
        try await LedgerTexts.print(directory, ManagementRequest(path: "/api/proof", query: query)) { proofs in
            if let event {
                return try proofs.inclusion(event, size: size, carriesRecord: carriesRecord).text
            }
            return try proofs.consistency(from: from ?? 0, to: to).text
        }
    }
}

struct KeyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "key",
        abstract: "Print the ledger's public key, which its exports, proofs and checkpoints verify with.",
        discussion: """
            Give it to whoever shall verify, by a way they trust.

            EXAMPLES
              tollgate key > ledger.key
            """
    )

    @OptionGroup var directory: DirectoryOptions

    func run() async throws { try await LedgerTexts.key(directory) }
}

/// Texts about a ledger, by the server that has it open or else from the directory, without the views.
enum LedgerTexts {
    static func key(_ directory: DirectoryOptions) async throws {
        try await print(directory, ManagementRequest(path: "/api/key")) { $0.key + "\n" }
    }

    static func print(
        _ directory: DirectoryOptions,
        _ request: ManagementRequest,
        _ here: @escaping @Sendable (LedgerProofs) throws -> String
    ) async throws {
        try await reporting {
            let folder = try directory.directory()
            guard FileManager.default.fileExists(atPath: folder) else {
                throw ManagementError(.notFound, "There is no data directory \(folder); name it with --data-dir")
            }
            let socket = SocketFile(directory: folder)
            if socket.answers { return try await Relay(transport: ManagementClient(socket: socket)).print(request) }
            let text = try await NIOThreadPool.singleton.runIfActive {
                let ledger = try Ledger.open(LedgerOptions(directory: folder, readOnlyIntent: true))
                defer { ledger.close() }
                return try here(LedgerProofs(ledger))
            }
            try Output.write(Array(text.utf8))
        }
    }
}
