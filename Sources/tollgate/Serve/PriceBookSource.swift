import Accounting
import Admin
import Foundation
import Settings

/// Where the configured price book comes from: the operator's file, else the one that is built in.
struct PriceBookSource: Sendable {
    /// The origin's name of the built-in book.
    static let builtIn = "built-in"

    let path: String?

    init(configuration: Configuration) { path = configuration.priceBookPath }

    /// The book and its origin's name for the ledger. Blocking.
    func load() throws(ManagementError) -> (book: PriceBook, origin: String) {
        guard let path else { return (.builtIn, Self.builtIn) }
        let name = path.split(separator: "/").last.map(String.init) ?? path
        return (try Self.read(path), name)
    }

    /// The book in a file. Blocking.
    static func read(_ path: String) throws(ManagementError) -> PriceBook {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw ManagementError(
                .notFound,
                "The price book \(path) cannot be read; check that it exists and its permissions"
            )
        }
        return try parse(Array(data), name: path)
    }

    /// The book in a YAML text.
    static func parse(_ bytes: [UInt8], name: String = "price book") throws(ManagementError) -> PriceBook {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw ManagementError(.invalidBook, "\(name): the text is not UTF-8")
        }
        do throws(PriceBookFileError) {
            return try PriceBookFile.load(text: text, name: name)
        } catch {
            throw ManagementError(.invalidBook, error.description)
        }
    }

    /// A book as YAML.
    static func yaml(_ book: PriceBook) -> String { PriceBookFile.render(book) }
}
