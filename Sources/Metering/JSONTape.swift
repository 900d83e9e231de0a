/// A small JSON text as a flat list of values, for reading a captured usage object.
///
/// At most 4,096 values, 32 levels deep; a text beyond that, or malformed, gives no tape.
struct JSONTape: ~Copyable {
    /// What a value is.
    enum Kind: UInt8 { case object, array, string, number, bool, null }

    /// Positions are offsets into the text; of a string's value, those of its content.
    struct Node {
        var kind: Kind
        var key: UsageKey
        var start: UInt32
        var end: UInt32
        /// The index after the value's last descendant.
        var next: UInt32
        /// The bits of an object's keys.
        var keys: UInt64
    }

    private let base: UnsafeRawPointer
    private let limit: Int
    private let table = UsageKeyTable.shared
    private var nodes: UnsafeMutablePointer<Node>
    private var count = 0
    private var capacity = 40

    private static let valueLimit = 4096
    private static let textLimit = 1 << 24

    /// Parses a whole text; nil when it is not one JSON value.
    init?(_ bytes: UnsafeRawBufferPointer) {
        nodes = .allocate(capacity: capacity)
        base = bytes.baseAddress ?? UnsafeRawPointer(nodes)
        limit = bytes.count
        guard limit < Self.textLimit else { return nil }
        let end = parse(skipSpace(0), key: .other, depth: 0)
        guard end >= 0, skipSpace(end) == limit else { return nil }
    }

    deinit { nodes.deallocate() }

    /// Calls `body` with the outermost value, which must not outlive the call.
    borrowing func withRoot<Result>(_ body: (JSONView) -> Result) -> Result {
        body(JSONView(text: UnsafeRawBufferPointer(start: base, count: limit), nodes: UnsafePointer(nodes), index: 0))
    }

    @inline(__always)
    private mutating func append(_ node: Node) -> Int {
        if count == capacity { grow() }
        (nodes + count).initialize(to: node)
        count &+= 1
        return count &- 1
    }

    private mutating func grow() {
        let larger = UnsafeMutablePointer<Node>.allocate(capacity: capacity * 2)
        larger.update(from: nodes, count: count)
        nodes.deallocate()
        nodes = larger
        capacity *= 2
    }

    /// The position after the value at `start`; -1 when it is malformed or there is too much of it.
    private mutating func parse(_ start: Int, key: UsageKey, depth: Int) -> Int {
        guard start < limit, depth < 32, count < Self.valueLimit else { return -1 }
        let byte = byte(start)
        let index = append(
            Node(
                kind: .number,
                key: key,
                start: UInt32(truncatingIfNeeded: start),
                end: 0,
                next: UInt32(truncatingIfNeeded: count &+ 1),
                keys: 0
            )
        )
        let end: Int
        switch byte {
        case Ascii.openBrace:
            nodes[index].kind = .object
            end = parseMembers(of: index, start, depth)
            nodes[index].next = UInt32(truncatingIfNeeded: count)
        case Ascii.openBracket:
            nodes[index].kind = .array
            end = parseElements(start, depth)
            nodes[index].next = UInt32(truncatingIfNeeded: count)
        case Ascii.quote:
            nodes[index].kind = .string
            end = stringEnd(start)
            nodes[index].start = UInt32(truncatingIfNeeded: start &+ 1)
            nodes[index].end = UInt32(truncatingIfNeeded: end &- 1)
            return end
        default:
            end = scalarEnd(start)
            if byte >= UInt8(ascii: "a") {
                let word = UnsafeRawBufferPointer(start: base + start, count: max(0, end &- start))
                if word.equals("null") {
                    nodes[index].kind = .null
                } else if word.equals("true") || word.equals("false") {
                    nodes[index].kind = .bool
                } else {
                    return -1
                }
            }
        }
        nodes[index].end = UInt32(truncatingIfNeeded: end)
        return end
    }

    private mutating func parseMembers(of parent: Int, _ start: Int, _ depth: Int) -> Int {
        var keys: UInt64 = 0
        var index = skipSpace(start &+ 1)
        if index < limit, byte(index) == Ascii.closeBrace { return index &+ 1 }
        while index < limit, byte(index) == Ascii.quote {
            let keyEnd = stringEnd(index)
            if keyEnd < 0 { return -1 }
            let key = table.key(base + index + 1, count: keyEnd &- index &- 2)
            index = skipSpace(keyEnd)
            guard index < limit, byte(index) == Ascii.colon else { return -1 }
            let value = count
            index = parse(skipSpace(index &+ 1), key: key, depth: depth &+ 1)
            if index < 0 { return -1 }
            if nodes[value].kind != .null { keys |= key.bit }
            index = skipSpace(index)
            guard index < limit else { return -1 }
            if byte(index) == Ascii.closeBrace {
                nodes[parent].keys = keys
                return index &+ 1
            }
            guard byte(index) == Ascii.comma else { return -1 }
            index = skipSpace(index &+ 1)
        }
        return -1
    }

    private mutating func parseElements(_ start: Int, _ depth: Int) -> Int {
        var index = skipSpace(start &+ 1)
        if index < limit, byte(index) == Ascii.closeBracket { return index &+ 1 }
        while index < limit {
            index = parse(index, key: .other, depth: depth &+ 1)
            if index < 0 { return -1 }
            index = skipSpace(index)
            guard index < limit else { return -1 }
            if byte(index) == Ascii.closeBracket { return index &+ 1 }
            guard byte(index) == Ascii.comma else { return -1 }
            index = skipSpace(index &+ 1)
        }
        return -1
    }

    @inline(__always)
    private func byte(_ index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    @inline(__always)
    private func skipSpace(_ start: Int) -> Int {
        var index = start
        while index < limit, Ascii.isSpace(byte(index)) { index &+= 1 }
        return index
    }

    /// The position after the string whose opening quote is at `start`; -1 when it does not end.
    @inline(__always)
    private func stringEnd(_ start: Int) -> Int {
        var escaped = false
        return endOfString(base, start &+ 1, limit, &escaped)
    }

    /// The position after the number or word at `start`; -1 when there is none.
    @inline(__always)
    private func scalarEnd(_ start: Int) -> Int {
        var index = start
        while index < limit, JSONSkipper.isScalar(byte(index)) { index &+= 1 }
        return index > start ? index : -1
    }
}

/// One value of a ``JSONTape``, by which usage readers look around.
///
/// Holds plain pointers, because readers look up dozens of members and reference counting would cost more than that.
struct JSONView {
    let text: UnsafeRawBufferPointer
    let nodes: UnsafePointer<JSONTape.Node>
    let index: Int

    var kind: JSONTape.Kind { nodes[index].kind }

    var bytes: UnsafeRawBufferPointer { text.slice(Int(nodes[index].start)..<Int(nodes[index].end)) }

    /// The last member with a key that is not null; nil when this is no object or has none.
    @inline(__always)
    subscript(key: UsageKey) -> JSONView? { nodes[index].keys & key.bit == 0 ? nil : find(key) }

    private func find(_ key: UsageKey) -> JSONView? {
        let end = Int(nodes[index].next)
        var found: JSONView?
        var child = index + 1
        while child < end {
            if nodes[child].key == key, nodes[child].kind != .null {
                found = JSONView(text: text, nodes: nodes, index: child)
            }
            child = Int(nodes[child].next)
        }
        return found
    }

    /// Calls `body` for each member or element.
    func forEachChild(_ body: (JSONView) -> Void) {
        let end = Int(nodes[index].next)
        var child = index + 1
        while child < end {
            body(JSONView(text: text, nodes: nodes, index: child))
            child = Int(nodes[child].next)
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
