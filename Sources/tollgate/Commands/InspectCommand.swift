import Admin
import ArgumentParser

struct InspectCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "inspect",
        abstract: "Show one event, by its sequence or by a request's id.",
        discussion: """
            The id of a request is in the header x-tollgate-request-id of its response.

            EXAMPLES
              tollgate inspect 42
              tollgate inspect 0192f0c1-7d3e-7c11-9f5a-3b1c8d2e4f60
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Argument(help: "A sequence or a request id.") var event: String

    func validate() throws {
        let allowed = event.utf8.allSatisfy { byte in
            byte == UInt8(ascii: "-") || Character(UnicodeScalar(byte)).isHexDigit
        }
        guard !event.isEmpty, event.count <= 64, allowed else {
            throw ValidationError("'\(event)' is neither a sequence such as 42 nor a request id")
        }
    }

    func run() async throws {
        let request = ManagementRequest(path: "/api/events/\(event)")
        try await withRelay(directory) { try await $0.print(request) }
    }
}
