import Accounting
import Admin
import ArgumentParser

struct PricesCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prices",
        abstract: "Look at price books, ask what a usage costs, compare books, adopt them.",
        subcommands: [
            List.self, Show.self, Cost.self, Missing.self, Diff.self, Adopt.self, Import.self,
        ]
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
                  tollgate prices show --built-in
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Argument(help: "The revision.") var revision: UInt32?
        @Flag(help: "The list prices that come with the program, with their origin and date.") var builtIn = false
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            if builtIn { return try Output.write(Array(Self.builtInBook.utf8)) }
            let name = revision.map(String.init) ?? "current"
            let request = ManagementRequest(path: "/api/prices/\(name)", query: ["format": [json ? "json" : "yaml"]])
            try await withRelay(directory) { try await $0.print(request) }
        }

        private static var builtInBook: String {
            let book = PriceBook.builtIn
            let providers = Set(book.rows.map(\.provider))
            let names = Set(
                book.rows.flatMap { row in ([row.match.label] + row.aliases).map { "\(row.provider) \($0)" } }
            )
            return "# List prices from \(PriceBook.builtInOrigin) (MIT licence).\n"
                + "# \(providers.count) providers, \(names.count) names of models, \(book.rows.count) rows.\n"
                + PriceBookSource.yaml(book)
        }
    }

    struct Missing: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "List the models that were used and that no price is known for.",
            discussion: """
                Their requests are counted, and their tokens are kept: a price that is adopted later restates them. Counts \
                and days are of the days on which a request of the model had no price.

                EXAMPLES
                  tollgate prices missing
                  tollgate prices missing --json
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            let request = ManagementRequest(path: "/api/prices/missing", query: ["format": [json ? "json" : "table"]])
            try await withRelay(directory) { try await $0.print(request) }
        }
    }

    struct Diff: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what another price book would change, and what history would have cost. Writes nothing.",
            discussion: """
                EXAMPLES
                  tollgate prices diff new-prices.yaml
                  tollgate prices diff new-prices.yaml --by model,month
                  tollgate prices diff new-prices.yaml --json
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Argument(help: "The other price book, a YAML file.") var file: String
        @Option(help: "The tables of history to print: model, client, month; comma-separated.")
        var by = "model,client,month"
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await withRelay(directory) { relay in
                try await relay.print(
                    ManagementRequest(
                        method: "POST",
                        path: "/api/prices/diff",
                        query: ["by": [by], "format": [json ? "json" : "table"]],
                        body: try readFile(file)
                    ),
                    bar: "diff"
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
