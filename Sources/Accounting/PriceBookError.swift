/// Why a price book, or a part of one, was not accepted.
public struct PriceBookError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The kinds of fault.
    package enum Code: Sendable {
        case badDecimal, negative, tooLarge, badText, badDate
        case duplicateRow, unsortedTiers, tooMany, emptyRow, badUnit
        case truncated, corrupt, unknownVersion
    }

    package let code: Code
    /// What is wrong, with what, and what would be right.
    public let message: String
    /// The index of the row at fault; nil when it is none in particular.
    public let row: Int?

    package init(_ code: Code, _ message: String, row: Int? = nil) {
        self.code = code
        self.message = message
        self.row = row
    }

    package func at(row: Int) -> PriceBookError { PriceBookError(code, message, row: row) }

    /// The message, preceded by the row where one is at fault.
    public var description: String { row.map { "Price row \($0): \(message)" } ?? message }
}
