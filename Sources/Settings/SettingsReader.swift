import Yams

/// Collects what is wrong while a configuration is read, so that all of it is told at once.
final class ProblemList {
    private(set) var problems: [ConfigurationError.Problem] = []

    func add(_ line: Int?, _ setting: String, _ message: String) {
        problems.append(ConfigurationError.Problem(line: line, setting: setting, message: message))
    }

    /// In the order of the file; those without a line come last.
    var sorted: [ConfigurationError.Problem] {
        problems.enumerated()
            .sorted { left, right in
                let (a, b) = (left.element.line ?? Int.max, right.element.line ?? Int.max)
                return a == b ? left.offset < right.offset : a < b
            }
            .map(\.element)
    }
}

/// One value of the file with its place. Every reader returns nil after it has told what is wrong.
struct Setting {
    var node: Node
    var name: String
    var list: ProblemList

    var line: Int? { node.mark?.line }

    func problem(_ message: String) { list.add(line, name, message) }

    /// What stands there, in words.
    private var kind: String {
        switch node {
        case .mapping: "a mapping"
        case .sequence: "a list"
        case .alias: "an alias"
        case .scalar(let scalar): isEmpty ? "nothing" : "\"\(Self.shown(scalar.string))\""
        }
    }

    /// True for `key:` without a value, and for `null` and `~`.
    var isEmpty: Bool {
        guard case .scalar(let scalar) = node, scalar.style == .plain || scalar.style == .any else { return false }
        return ["", "~", "null"].contains(scalar.string)
    }

    /// A value short enough for a message.
    static func shown(_ text: String) -> String { text.count <= 60 ? text : String(text.prefix(57)) + "..." }

    /// The text; `secret` keeps what stands there out of messages.
    func string(secret: Bool = false) -> String? {
        guard case .scalar(let scalar) = node, !isEmpty else {
            problem("must be a text, not \(secret && !isEmpty ? "something else" : kind)")
            return nil
        }
        return scalar.string
    }

    /// A text that the closure understands.
    func value<Value>(_ expected: String, _ parse: (String) -> Value?) -> Value? {
        guard case .scalar(let scalar) = node, !isEmpty, let value = parse(scalar.string) else {
            problem("must be \(expected), not \(kind)")
            return nil
        }
        return value
    }

    func integer(_ range: ClosedRange<Int>) -> Int? {
        let bounds =
            range.upperBound == Int.max
            ? "of at least \(range.lowerBound)" : "from \(range.lowerBound) to \(range.upperBound)"
        return value("a whole number \(bounds)") { Scalars.integer($0).flatMap { range.contains($0) ? $0 : nil } }
    }

    func bool() -> Bool? { value("true or false") { ["true": true, "false": false][$0] } }

    func duration(atLeast least: Duration = .milliseconds(1)) -> Duration? {
        value("a time such as 600ms, 5s or 2m, above zero") { text in
            Scalars.duration(text).flatMap { $0 >= least ? $0 : nil }
        }
    }

    func size(_ range: ClosedRange<Int>) -> Int? {
        value("a size such as 64KiB or 32MiB, from \(range.lowerBound) to \(range.upperBound) bytes") { text in
            Scalars.size(text).flatMap { range.contains($0) ? $0 : nil }
        }
    }

    func choice<Value: RawRepresentable & CaseIterable>(_ type: Value.Type) -> Value? where Value.RawValue == String {
        let known = Value.allCases.map(\.rawValue)
        guard let text = choice(among: known) else { return nil }
        return Value(rawValue: text)
    }

    func choice(among known: [String]) -> String? {
        guard let text = string() else { return nil }
        guard known.contains(text) else {
            let hint = Suggestion.nearest(to: text, among: known).map { "; did you mean \"\($0)\"?" } ?? ""
            problem("must be one of \(known.joined(separator: ", ")), not \"\(Self.shown(text))\"\(hint)")
            return nil
        }
        return text
    }

    func items() -> [Setting]? {
        guard case .sequence(let sequence) = node else {
            problem("must be a list, not \(kind)")
            return nil
        }
        return sequence.enumerated().map { Setting(node: $1, name: "\(name)[\($0)]", list: list) }
    }

    /// A mapping whose keys are free names.
    func entries() -> [(key: String, line: Int?, value: Setting)]? {
        guard case .mapping(let mapping) = node else {
            problem("must be a mapping, not \(kind)")
            return nil
        }
        return mapping.compactMap { pair in
            guard case .scalar(let scalar) = pair.key else {
                list.add(pair.key.mark?.line, name, "has a key that is not a text")
                return nil
            }
            let path = name.isEmpty ? scalar.string : "\(name).\(scalar.string)"
            return (scalar.string, pair.key.mark?.line, Setting(node: pair.value, name: path, list: list))
        }
    }

    /// A mapping whose keys are all known; unknown ones are told with what was probably meant.
    func section(_ known: [String]) -> [String: Setting]? {
        guard let entries = entries() else { return nil }
        var found: [String: Setting] = [:]
        for entry in entries {
            if known.contains(entry.key) {
                found[entry.key] = entry.value
            } else {
                list.add(
                    entry.line,
                    entry.value.name,
                    "is not a known setting" + Suggestion.text(for: entry.key, among: known)
                )
            }
        }
        return found
    }
}
