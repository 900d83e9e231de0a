internal import Glibc

/// The wanted paths of an answer as a trie, with one hash probe per key.
///
/// The one table lives as long as the process and is never changed, so it may be read through plain pointers.
package struct PathTable: @unchecked Sendable {
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
        var count: UInt8
        var offset: UInt16
    }

    /// The table of ``AnswerField/paths``.
    package static let shared = PathTable(AnswerField.paths)

    /// The table of ``AnswerField/sessionPaths``.
    static let session = PathTable(AnswerField.sessionPaths)

    /// The node of the whole document; node 0 is nowhere.
    static let root: UInt8 = 1

    /// All nodes; index 0 is nowhere.
    let nodes: UnsafePointer<Node>
    private let entries: UnsafePointer<Entry>
    private let heads: UnsafePointer<UInt8>
    private let keys: UnsafePointer<UInt8>
    /// The node of the top-level `choices`, whose emptiness marks a usage chunk.
    let choices: UInt8

    init(_ paths: [(String, AnswerField)]) {
        var nodes = [Node(), Node()]
        // Entry 0 ends every chain.
        var entries = [Entry(parent: 0, child: 0, next: 0, count: 0, offset: 0)]
        var keys: [UInt8] = []
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
                if let known = entries.first(where: { $0.parent == node && Self.key(of: $0, keys).elementsEqual(key) })
                {
                    node = known.child
                    continue
                }
                let child = UInt8(truncatingIfNeeded: nodes.count)
                nodes.append(Node())
                let slot = Self.hash(node, first: key[0], last: key[key.count - 1], count: key.count)
                entries.append(
                    Entry(
                        parent: node,
                        child: child,
                        next: heads[slot],
                        count: UInt8(truncatingIfNeeded: key.count),
                        offset: UInt16(truncatingIfNeeded: keys.count)
                    )
                )
                keys += key
                heads[slot] = UInt8(truncatingIfNeeded: entries.count - 1)
                node = child
            }
            nodes[Int(node)].field = field
        }
        choices =
            entries.first { $0.parent == Self.root && Self.key(of: $0, keys).elementsEqual("choices".utf8) }?.child ?? 0
        self.nodes = kept(nodes)
        self.entries = kept(entries)
        self.heads = kept(heads)
        self.keys = kept(keys)
    }

    private static func key(of entry: Entry, _ keys: [UInt8]) -> ArraySlice<UInt8> {
        keys[Int(entry.offset)..<(Int(entry.offset) + Int(entry.count))]
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
            let entry = entries + index
            if entry.pointee.parent == parent, Int(entry.pointee.count) == count,
                memcmp(keys + Int(entry.pointee.offset), key, count) == 0
            {
                return entry.pointee.child
            }
            index = Int(entry.pointee.next)
        }
        return 0
    }
}
