/// The wanted paths of an answer as a trie, with one hash probe per key.
final class PathTable: Sendable {
    /// One step of a path.
    struct Node: Sendable {
        /// What to do with the value: capture it under this field.
        var field = AnswerField.none
        /// The node of the elements when the value is an array; 0 when none is wanted.
        var element: UInt8 = 0
    }

    private struct Entry {
        var parent: UInt8
        var child: UInt8
        var next: UInt8
        var key: [UInt8]
    }

    /// The table of ``AnswerField/paths``.
    static let shared = PathTable(AnswerField.paths)

    /// The node of the whole document; node 0 is nowhere.
    static let root: UInt8 = 1

    /// All nodes; index 0 is nowhere.
    let nodes: [Node]
    private let entries: [Entry]
    private let heads: [UInt8]
    /// The node of the top-level `choices`, whose emptiness marks a usage chunk.
    let choices: UInt8

    init(_ paths: [(String, AnswerField)]) {
        var nodes = [Node(), Node()]
        // Entry 0 ends every chain.
        var entries = [Entry(parent: 0, child: 0, next: 0, key: [])]
        var heads = [UInt8](repeating: 0, count: 256)
        for (path, field) in paths {
            var node = Self.root
            for step in path.split(separator: "/") {
                if step == "[]" {
                    if nodes[Int(node)].element == 0 {
                        nodes[Int(node)].element = UInt8(truncatingIfNeeded: nodes.count)
                        nodes.append(Node())
                    }
                    node = nodes[Int(node)].element
                    continue
                }
                let key = Array(step.utf8)
                if let known = entries.first(where: { $0.parent == node && $0.key == key }) {
                    node = known.child
                    continue
                }
                let child = UInt8(truncatingIfNeeded: nodes.count)
                nodes.append(Node())
                let slot = Self.hash(node, first: key[0], last: key[key.count - 1], count: key.count)
                entries.append(Entry(parent: node, child: child, next: heads[slot], key: key))
                heads[slot] = UInt8(truncatingIfNeeded: entries.count - 1)
                node = child
            }
            nodes[Int(node)].field = field
        }
        choices = entries.first { $0.parent == Self.root && $0.key == Array("choices".utf8) }?.child ?? 0
        self.nodes = nodes
        self.entries = entries
        self.heads = heads
    }

    @inline(__always)
    private static func hash(_ parent: UInt8, first: UInt8, last: UInt8, count: Int) -> Int {
        Int((parent &* 37) ^ (first &* 3) ^ (last &* 29) ^ (UInt8(truncatingIfNeeded: count) &* 11))
    }

    /// The node that a key of `parent` leads to; 0 when nobody wants it.
    @inline(__always)
    func child(of parent: UInt8, key: UnsafeRawPointer, count: Int) -> UInt8 {
        guard count > 0 else { return 0 }
        let first = key.load(as: UInt8.self)
        let last = key.load(fromByteOffset: count &- 1, as: UInt8.self)
        var index = Int(heads[Self.hash(parent, first: first, last: last, count: count)])
        while index != 0 {
            let entry = entries[index]
            if entry.parent == parent, entry.key.count == count, Self.equal(entry.key, key) { return entry.child }
            index = Int(entry.next)
        }
        return 0
    }

    private static func equal(_ known: [UInt8], _ key: UnsafeRawPointer) -> Bool {
        for index in 0..<known.count where known[index] != key.load(fromByteOffset: index, as: UInt8.self) {
            return false
        }
        return true
    }
}
