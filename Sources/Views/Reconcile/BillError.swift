/// Why a bill cannot be read.
public struct BillError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The line of the file, from 1; nil when it is about the whole file.
    public var line: Int?
    /// What is wrong, to what, and what to do.
    public var message: String

    /// The message with its line.
    public var description: String { line.map { "line \($0): \(message)" } ?? message }

    package init(_ line: Int?, _ message: String) {
        self.line = line
        self.message = message
    }
}
