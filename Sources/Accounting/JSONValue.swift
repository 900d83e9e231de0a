/// A JSON value that keeps its numbers as their text, so that a price never passes through floating point.
package indirect enum JSONValue: Equatable, Sendable {
    case null
    case bool(Bool)
    /// A number, as it is written.
    case number(String)
    case string(String)
    case array([JSONValue])
    /// The members in the order of the text; of a name that stands twice, lookups find the last.
    case object([(name: String, value: JSONValue)])

    /// What is wrong with a text, and where.
    package struct Fault: Error, Equatable, Sendable, CustomStringConvertible {
        /// What is wrong.
        package let message: String
        /// The byte, counted from 0.
        package let offset: Int

        /// The message with its place.
        package var description: String { "This is not valid JSON: \(message) at byte \(offset)." }
    }

    /// A value from its text; deeper than 64 levels is refused.
    package init(parsing text: some Sequence<UInt8>) throws(Fault) {
        var parser = JSONParser(Array(text))
        self = try parser.document()
    }

    package static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let first), .bool(let second)): first == second
        case (.number(let first), .number(let second)): first == second
        case (.string(let first), .string(let second)): first == second
        case (.array(let first), .array(let second)): first == second
        case (.object(let first), .object(let second)):
            first.count == second.count
                && zip(first, second).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        default: false
        }
    }

    /// The member of an object; nil when there is none, it is null, or this is no object.
    package subscript(name: String) -> JSONValue? {
        guard case .object(let members) = self, let found = members.last(where: { $0.name == name })?.value,
            found != .null
        else { return nil }
        return found
    }

    /// The members of an object; none of anything else.
    package var members: [(name: String, value: JSONValue)] {
        if case .object(let members) = self { return members }
        return []
    }

    /// The elements of an array; nil of anything else.
    package var elements: [JSONValue]? {
        if case .array(let elements) = self { return elements }
        return nil
    }

    /// The text of a string; nil of anything else.
    package var text: String? {
        if case .string(let text) = self { return text }
        return nil
    }

    /// The text of a number or of a string; nil of anything else.
    package var scalar: String? {
        switch self {
        case .number(let text), .string(let text): text
        default: nil
        }
    }

    /// A number without a fraction, written in whatever way (`1000`, `1e3`, `1000.0`), or such a number in a string.
    package var integer: Int64? {
        guard let scalar, let decimal = ScientificDecimal(scalar), let value = decimal.scaled(by: 0), value.isExact
        else { return nil }
        return value.mantissa
    }

    /// The compact text.
    package var json: String {
        switch self {
        case .null: "null"
        case .bool(let flag): flag ? "true" : "false"
        case .number(let text): text
        case .string(let text): Self.quoted(text)
        case .array(let elements): "[" + elements.map(\.json).joined(separator: ",") + "]"
        case .object(let members):
            "{" + members.map { Self.quoted($0.name) + ":" + $0.value.json }.joined(separator: ",") + "}"
        }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7f:
                let hex = String(scalar.value, radix: 16)
                result += "\\u" + String(repeating: "0", count: 4 - hex.count) + hex
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + "\""
    }
}
