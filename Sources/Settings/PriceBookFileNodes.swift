import Accounting
import Yams

/// Access to YAML nodes with errors that name line, key and the nearest known key.
extension PriceBookFileReader {
    func mapping(_ node: Node, of owner: String, keys: [String]) throws(PriceBookFileError) -> [String: Node] {
        var fields: [String: Node] = [:]
        guard case .mapping(let mapping) = node else {
            throw error(node, "Expected \(owner) to be a mapping of keys to values.")
        }
        for (key, value) in mapping {
            let text = try self.text(key, "key")
            guard keys.contains(text) else {
                let hint = Self.nearest(text, in: keys).map { " Did you mean \"\($0)\"?" } ?? ""
                throw error(key, "\"\(text)\" is not a key of \(owner).\(hint)")
            }
            guard fields.updateValue(value, forKey: text) == nil else { throw error(key, "\"\(text)\" stands twice.") }
        }
        return fields
    }

    func entries(_ node: Node, _ owner: String) throws(PriceBookFileError) -> [(String, Node)] {
        guard case .mapping(let mapping) = node else {
            throw error(node, "Expected \(owner) to be a mapping of names to values.")
        }
        var entries: [(String, Node)] = []
        for (key, value) in mapping { entries.append((try text(key, "name"), value)) }
        return entries
    }

    func sequence(_ node: Node, _ owner: String) throws(PriceBookFileError) -> [Node] {
        guard case .sequence(let sequence) = node else { throw error(node, "Expected \(owner) to be a list.") }
        return Array(sequence)
    }

    func text(_ node: Node, _ key: String) throws(PriceBookFileError) -> String {
        guard case .scalar(let scalar) = node else { throw error(node, "Expected \(key) to be a single value.") }
        return scalar.string
    }

    func texts(_ node: Node, _ key: String) throws(PriceBookFileError) -> [String] {
        var texts: [String] = []
        for element in try sequence(node, key) { texts.append(try text(element, key)) }
        return texts
    }

    func integer(_ node: Node, _ key: String) throws(PriceBookFileError) -> Int64 {
        let text = try text(node, key)
        guard let value = Int64(text.filter { $0 != "_" }), value > 0 else {
            throw error(node, "\"\(text)\" is not a count; \(key) is a whole number above zero.")
        }
        return value
    }

    func boolean(_ node: Node, _ key: String) throws(PriceBookFileError) -> Bool {
        switch try text(node, key) {
        case "true": return true
        case "false": return false
        case let other: throw error(node, "\"\(other)\" is neither true nor false; \(key) is one of them.")
        }
    }

    /// The known key that takes the fewest changes of a letter, at most two.
    static func nearest(_ text: String, in keys: [String]) -> String? {
        guard text.utf8.count <= 64 else { return nil }
        let ranked = keys.map { (distance(Array(text.utf8), Array($0.utf8)), $0) }.min { $0 < $1 }
        return ranked.flatMap { $0.0 <= 2 ? $0.1 : nil }
    }

    private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
        var row = Array(0...right.count)
        for (place, byte) in left.enumerated() {
            var diagonal = row[0]
            row[0] = place + 1
            for (column, other) in right.enumerated() {
                let above = row[column + 1]
                row[column + 1] = byte == other ? diagonal : 1 + min(diagonal, above, row[column])
                diagonal = above
            }
        }
        return row[right.count]
    }
}
