import Accounting
import Admin
import ArgumentParser
import Gateway
import Settings

struct CheckCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check",
        abstract: "Check the configuration and the price book without starting anything.",
        discussion: """
            All problems are listed at once, with their lines. Exit code 78 means the configuration is wrong, 65 the \
            price book.

            EXAMPLES
              tollgate check --config tollgate.yaml
            """
    )

    @OptionGroup var directory: DirectoryOptions

    func run() async throws {
        try await reporting {
            let configuration = try directory.load()
            try GatewayServer.check(configuration)
            let book = try PriceBookSource(configuration: configuration).load()
            try Output.line(directory.file.map { "\($0) is good." } ?? "No configuration file: these are the defaults.")
            try Output.line(configuration.summary)
            try Output.line("prices: \(book.book.rows.count) rows")
            try Output.line("data directory: \(configuration.dataDirectory)")
        }
    }
}
