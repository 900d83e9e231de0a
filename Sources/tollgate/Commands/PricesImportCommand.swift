import Accounting
import Admin
import ArgumentParser
import Settings

extension PricesCommand {
    struct Import: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Turn another program's list of prices into a price book, in YAML on standard output.",
            discussion: """
                Prices are taken from their text, to the last digit. What cannot be taken over is said on standard \
                error, and in full with --verbose.

                EXAMPLES
                  tollgate prices import --from litellm model_prices.json > prices.yaml
                  tollgate prices import --from genai-prices data.json > prices.yaml
                  tollgate prices import --from models.dev api.json --provider openai
                """
        )
        @Option(help: "litellm, genai-prices or models.dev.") var from: ListOption
        @Option(help: "Only this provider, by its name in the book; may be repeated.") var provider: [String] = []
        @Flag(help: "Say everything that was left out.") var verbose = false
        @Argument(help: "The list, a JSON file.") var file: String

        func run() async throws {
            try await reporting {
                let text = try readFile(file)
                let imported: PriceImport
                let book: PriceBook
                do throws(PriceBookError) {
                    imported = try PriceImport(text, from: from.source)
                    let rows = imported.rows.filter { provider.isEmpty || provider.contains($0.provider) }
                    book = try PriceBook(rows: rows, fallbacks: imported.fallbacks)
                } catch {
                    throw ManagementError(.invalidBook, "\(file): \(error.description)")
                }
                try Output.write(Array(PriceBookFile.render(book).utf8))
                if verbose { for note in imported.notes { Words.say("left out: \(note)") } }
                let models = Set(book.rows.map { $0.provider + " " + $0.match.label }).count
                let hint = verbose || imported.notes.isEmpty ? "" : " (--verbose)"
                Words.say(
                    "\(book.rows.count) rows, \(models) models, \(Set(book.rows.map(\.provider)).count) providers; "
                        + "\(imported.notes.count) left out\(hint)"
                )
            }
        }
    }

    enum ListOption: String, ExpressibleByArgument, CaseIterable {
        case litellm
        case genaiPrices = "genai-prices"
        case modelsDev = "models.dev"

        var source: PriceImport.Source {
            switch self {
            case .litellm: .litellm
            case .genaiPrices: .genaiPrices
            case .modelsDev: .modelsDev
            }
        }
    }
}
