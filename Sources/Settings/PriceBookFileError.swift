/// Why a price book's file was not accepted.
public struct PriceBookFileError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The name of the file.
    public let name: String
    /// The line, counted from 1; nil when the whole file is meant.
    public let line: Int?
    /// What is wrong, and what would be right.
    public let message: String

    package init(name: String, line: Int?, message: String) {
        self.name = name
        self.line = line
        self.message = message
    }

    /// `prices.yaml:12: ...`.
    public var description: String { line.map { "\(name):\($0): \(message)" } ?? "\(name): \(message)" }
}
