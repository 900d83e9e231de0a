import Admin
import ArgumentParser
import Events

struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema",
        abstract: "List the schema versions that the ledger holds.",
        discussion: """
            Records are never rewritten: each keeps the version it was written in, and a `schema.adopted` marks where \
            another begins. Looks at every record, so that a long ledger takes some seconds.

            EXAMPLES
              tollgate schema
              tollgate schema --json | jq '.versions[] | [.version, .first, .records]'
              tollgate schema --text 1      # the layout, whose SHA-256 is in the ledger
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Flag(help: "Print JSON instead of tables.") var json = false
    @Option(help: ArgumentHelp("Print the layout of a version; needs no ledger.", valueName: "version"))
    var text: UInt8?

    func run() async throws {
        if let text {
            try await reporting {
                guard let layout = Schema.text(text) else {
                    throw ManagementError(
                        .notFound,
                        "This program does not know schema version \(text); there are \(Schema.first) to \(Schema.current)"
                    )
                }
                try Output.write(Array(layout.utf8))
            }
            return
        }
        let request = ManagementRequest(path: "/api/schema", query: ["format": [json ? "json" : "table"]])
        try await withRelay(directory) { try await $0.print(request) }
    }
}
