/// A small JSON text as a flat list of values, for reading a captured usage object.
///
/// At most 4,096 values, 32 levels deep; a text beyond that, or malformed, gives no tape.
struct JSONTape {
    /// What a value is.
    enum Kind: UInt8 { case object, array, string, number, bool, null }

    struct Node {
        var kind: Kind
        /// The content of the key, empty for elements and the root.
        var key: Range<Int>
        /// The bytes of the value; of a string, its content.
        var value: Range<Int>
        /// The index after the value's last descendant.
        var next: Int
    }

    let bytes: UnsafeRawBufferPointer
    private(set) var nodes: [Node] = []

    /// Parses a whole text; nil when it is not one JSON value.
    init?(_ bytes: UnsafeRawBufferPointer) {
        self.bytes = bytes
        nodes.reserveCapacity(32)
        let json = JSONSkipper(bytes: bytes)
        guard let end = parse(json, json.skipSpace(0), key: 0..<0, depth: 0), json.skipSpace(end) == bytes.count else {
            return nil
        }
    }

    private mutating func parse(_ json: JSONSkipper, _ start: Int, key: Range<Int>, depth: Int) -> Int? {
        guard start < bytes.count, depth < 32, nodes.count < 4096 else { return nil }
        let index = nodes.count
        nodes.append(Node(kind: .null, key: key, value: start..<start, next: index + 1))
        let end: Int?
        switch bytes[start] {
        case Ascii.openBrace:
            nodes[index].kind = .object
            end = parseMembers(json, start, depth)
        case Ascii.openBracket:
            nodes[index].kind = .array
            end = parseElements(json, start, depth)
        default:
            end = json.skipValue(start)
            guard let end else { return nil }
            let value = bytes.slice(start..<end)
            switch bytes[start] {
            case Ascii.quote:
                nodes[index].kind = .string
                nodes[index].value = (start + 1)..<(end - 1)
                return end
            case UInt8(ascii: "t"), UInt8(ascii: "f"):
                guard value.equals("true") || value.equals("false") else { return nil }
                nodes[index].kind = .bool
            case UInt8(ascii: "n"): guard value.equals("null") else { return nil }
            default: nodes[index].kind = .number
            }
        }
        guard let end else { return nil }
        nodes[index].value = start..<end
        nodes[index].next = nodes.count
        return end
    }

    private mutating func parseMembers(_ json: JSONSkipper, _ start: Int, _ depth: Int) -> Int? {
        var index = json.skipSpace(start + 1)
        if index < bytes.count, bytes[index] == Ascii.closeBrace { return index + 1 }
        while index < bytes.count {
            guard bytes[index] == Ascii.quote, let keyEnd = json.skipString(index) else { return nil }
            let key = (index + 1)..<(keyEnd - 1)
            index = json.skipSpace(keyEnd)
            guard index < bytes.count, bytes[index] == Ascii.colon,
                let end = parse(json, json.skipSpace(index + 1), key: key, depth: depth + 1)
            else { return nil }
            index = json.skipSpace(end)
            guard index < bytes.count else { return nil }
            if bytes[index] == Ascii.closeBrace { return index + 1 }
            guard bytes[index] == Ascii.comma else { return nil }
            index = json.skipSpace(index + 1)
        }
        return nil
    }

    private mutating func parseElements(_ json: JSONSkipper, _ start: Int, _ depth: Int) -> Int? {
        var index = json.skipSpace(start + 1)
        if index < bytes.count, bytes[index] == Ascii.closeBracket { return index + 1 }
        while index < bytes.count {
            guard let end = parse(json, index, key: 0..<0, depth: depth + 1) else { return nil }
            index = json.skipSpace(end)
            guard index < bytes.count else { return nil }
            if bytes[index] == Ascii.closeBracket { return index + 1 }
            guard bytes[index] == Ascii.comma else { return nil }
            index = json.skipSpace(index + 1)
        }
        return nil
    }
}

extension JSONTape {
    /// Calls `body` with the outermost value, which must not outlive the call.
    func withRoot<Result>(_ body: (JSONView) -> Result) -> Result {
        nodes.withUnsafeBufferPointer { body(JSONView(text: bytes, nodes: $0, index: 0)) }
    }
}

/// One value of a ``JSONTape``, by which usage readers look around.
///
/// Holds plain pointers, because readers look up dozens of members and reference counting would cost more than that.
struct JSONView {
    let text: UnsafeRawBufferPointer
    let nodes: UnsafeBufferPointer<JSONTape.Node>
    let index: Int

    var kind: JSONTape.Kind { nodes[index].kind }
    var bytes: UnsafeRawBufferPointer { text.slice(nodes[index].value) }

    /// The last member with a key that is not null; nil when this is no object or has none.
    subscript(key: StaticString) -> JSONView? {
        guard kind == .object else { return nil }
        let length = key.utf8CodeUnitCount
        let end = nodes[index].next
        var found: Int?
        var child = index + 1
        while child < end {
            let range = nodes[child].key
            if range.count == length, nodes[child].kind != .null, text.slice(range).equals(key) { found = child }
            child = nodes[child].next
        }
        return found.map { JSONView(text: text, nodes: nodes, index: $0) }
    }

    /// Calls `body` for each member or element.
    func forEachChild(_ body: (JSONView) -> Void) {
        let end = nodes[index].next
        var child = index + 1
        while child < end {
            body(JSONView(text: text, nodes: nodes, index: child))
            child = nodes[child].next
        }
    }

    /// The number as a count: floats are rounded; negative numbers and those beyond 2⁵⁰, which no sum of them can
    /// overflow, are nil.
    var count: Int64? { scaled(by: 0).flatMap { $0 <= 1 << 50 ? $0 : nil } }

    /// The number times 10 to the power `scale`.
    func scaled(by scale: Int) -> Int64? {
        kind == .number ? JSONNumber.scaled(bytes, by: scale) : nil
    }

    /// The decoded string, when it is one of at most `limit` bytes.
    func string(limit: Int) -> String? {
        guard kind == .string, bytes.count <= limit else { return nil }
        return decodeJSONString(bytes)
    }
}
