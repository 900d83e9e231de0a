import Admin
import ArgumentParser

struct PricesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices",
        abstract: "Look at price books, ask what a usage costs, compare books, adopt them.",
        subcommands: [List.self, Show.self, Cost.self, Diff.self, Adopt.self, Import.self]
    )

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the price books that were adopted.",
            discussion: """
                EXAMPLES
                  tollgate prices list
                  tollgate prices list --json
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let request = ManagementRequest(path: "/api/prices", query: ["format": [json ? "json" : "table"]])
            try await withRelay(directory) { try await $0.print(request) }
        }
    }

    struct Show: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Show an adopted price book, by default the one in force.",
            discussion: """
                The output is a price book in YAML, good for editing and adopting again.

                EXAMPLES
                  tollgate prices show > prices.yaml
                  tollgate prices show 3
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Argument(help: "The revision.") var revision: UInt32?
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let name = revision.map(String.init) ?? "current"
            let request = ManagementRequest(path: "/api/prices/\(name)", query: ["format": [json ? "json" : "yaml"]])
            try await withRelay(directory) { try await $0.print(request) }
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what another price book would change, and what history would have cost. Writes nothing.",
            discussion: """
                EXAMPLES
                  tollgate prices diff new-prices.yaml
                  tollgate prices diff new-prices.yaml --by model,month --json
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Argument(help: "The other price book, a YAML file.") var file: String
        @Option(help: "Columns to group by: model, client, group, month; comma-separated.") var by = "model"
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await withRelay(directory) { relay in
                try await relay.print(
                    ManagementRequest(
                        method: "POST",
                        path: "/api/prices/diff",
                        query: ["by": [by], "format": [json ? "json" : "table"]],
                        body: try readFile(file)
                    )
                )
            }
        }
    }

    struct Adopt: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Adopt a price book: from now on requests are charged by it, and history is restated.",
            discussion: """
                What was charged stays as it was charged. A running server with a price book in its configuration goes \
                back to that file when the file changes; adopt a changed file, not a copy, to keep the two together.

                EXAMPLES
                  tollgate prices diff prices.yaml && tollgate prices adopt prices.yaml
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Argument(help: "The price book, a YAML file.") var file: String
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await withRelay(directory, writing: true) { relay in
                let name = file.split(separator: "/").last.map(String.init) ?? file
                try await relay.print(
                    ManagementRequest(
                        method: "POST",
                        path: "/api/prices/adopt",
                        query: ["origin": [name], "format": [json ? "json" : "table"]],
                        body: try readFile(file)
                    )
                )
            }
        }
    }
}
