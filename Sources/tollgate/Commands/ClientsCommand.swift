import Admin
import ArgumentParser

struct ClientsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clients",
        abstract: "List clients with the ids that stand for them in the ledger.",
        discussion: """
            Events hold an opaque id in place of a client's name. The names are in the file `identities` of the data \
            directory, and are put beside the ids when somebody asks.

            EXAMPLES
              tollgate clients
              tollgate clients --json | jq -r '.clients[] | [.id, .name] | @tsv'
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Flag(help: "Print JSON instead of a table.") var json = false

    func run() async throws {
        let request = ManagementRequest(path: "/api/clients", query: ["format": [json ? "json" : "table"]])
        try await withRelay(directory) { try await $0.print(request) }
    }
}

struct ForgetCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "forget",
        abstract: "Remove the name of a client from beside the ledger.",
        discussion: """
            The client's events stay as they are, under an id that nothing leads back from; proofs and exports hold. \
            Where the configuration names the client still, its next requests are recorded under a new id: take it out \
            there as well. Events of schema version 1 hold names themselves, which stay: the command says how many.

            Works on a running server and on the data directory of a stopped one.

            EXAMPLES
              tollgate forget alice
              tollgate forget c_0123456789abcdef --json
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Argument(help: "The client's name or id.") var client: String
    @Flag(help: "Print JSON instead of words.") var json = false

    func run() async throws {
        let request = ManagementRequest(
            method: "POST",
            path: "/api/clients/forget",
            query: ["client": [client], "format": [json ? "json" : "table"]]
        )
        try await withRelay(directory, writing: true) { try await $0.print(request) }
    }
}
