import Admin
import ArgumentParser

struct StatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Show the state of the ledger and its views, as JSON.",
        discussion: """
            EXAMPLES
              tollgate status
            """
    )

    @OptionGroup var directory: DirectoryOptions

    func run() async throws {
        try await withRelay(directory) { try await $0.print(ManagementRequest(path: "/api/status")) }
    }
}
