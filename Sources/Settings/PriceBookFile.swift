public import Accounting
import Yams

/// The YAML form of a price book.
///
/// Strict: a key that is not known is an error with its line. Prices are read from the text of the scalar, never through
/// floating point. `schemas/price-book.schema.json` describes the same form.
public enum PriceBookFile {
    /// The most bytes of a file.
    public static let sizeLimit = 16 * 1024 * 1024

    /// Reads a book.
    ///
    /// - Parameters:
    ///   - text: The content of the file.
    ///   - name: The name of the file, for errors.
    /// - Throws: `PriceBookFileError` with the line at fault.
    public static func load(text: String, name: String) throws(PriceBookFileError) -> PriceBook {
        guard text.utf8.count <= sizeLimit else {
            throw PriceBookFileError(
                name: name,
                line: nil,
                message: "The file has \(text.utf8.count) bytes; the most is \(sizeLimit)."
            )
        }
        let root: Node?
        do {
            root = try Yams.compose(yaml: text)
        } catch let error as YamlError {
            throw PriceBookFileError(name: name, line: error.line, message: "This is not valid YAML: \(error.reason)")
        } catch {
            throw PriceBookFileError(name: name, line: nil, message: "This is not valid YAML.")
        }
        guard let root else {
            throw PriceBookFileError(
                name: name,
                line: nil,
                message: "The file is empty; write `rows:` and a list of rows."
            )
        }
        return try PriceBookFileReader(name: name).book(root)
    }
}

extension YamlError {
    fileprivate var line: Int? {
        switch self {
        case .scanner(_, _, let mark, _), .parser(_, _, let mark, _), .composer(_, _, let mark, _): mark.line
        default: nil
        }
    }

    fileprivate var reason: String {
        switch self {
        case .scanner(_, let problem, _, _), .parser(_, let problem, _, _), .composer(_, let problem, _, _):
            "\(problem)."
        case .duplicatedKeysInMapping: "a key stands twice in one mapping."
        default: "it cannot be parsed."
        }
    }
}
