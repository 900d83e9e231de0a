/// The roots of the perfect subtrees that together cover the leaves `begin` to `end` (not included) of an RFC 6962 tree.
///
/// There is one smallest such set for each range, and this is always that one: neighbours that are siblings are merged
/// at once. It holds at most 126 hashes, and ranges of one tree that lie next to each other add up, in any order of work.
public struct CompactRange: Equatable, Sendable {
    /// The index of the first leaf, counted from 0.
    public let begin: UInt64
    /// The index after the last leaf.
    public private(set) var end: UInt64
    /// The roots of the subtrees, from left to right.
    public private(set) var nodes: [Digest] = []

    /// No leaves, to be appended to from `begin` on.
    public init(begin: UInt64 = 0) {
        self.begin = begin
        self.end = begin
    }

    /// A range by its hashes; nil when their number is not the one that the range needs.
    public init?(begin: UInt64, end: UInt64, nodes: [Digest]) {
        guard begin <= end, nodes.count == CompactRange.subtrees(begin: begin, end: end).count else { return nil }
        self.begin = begin
        self.end = end
        self.nodes = nodes
    }

    /// The number of leaves.
    public var count: UInt64 { end - begin }

    /// A perfect subtree: 2^level leaves, of which the first one's index is a multiple of 2^level.
    public struct Subtree: Hashable, Sendable {
        /// The height; 0 is a leaf, and 63 the most.
        public var level: Int
        /// The index of the first leaf.
        public var begin: UInt64

        /// A subtree of that height that begins there.
        public init(level: Int, begin: UInt64) {
            self.level = level
            self.begin = begin
        }

        /// The number of leaves.
        public var count: UInt64 { 1 << UInt64(level) }
        /// The index after the last leaf.
        public var end: UInt64 { begin &+ count }
    }

    /// The perfect subtrees that cover a range, from left to right; empty when `end` is not behind `begin`.
    public static func subtrees(begin: UInt64, end: UInt64) -> [Subtree] {
        var found: [Subtree] = []
        var next = begin
        while next < end {
            let fitting = 63 - (end - next).leadingZeroBitCount
            let subtree = Subtree(level: min(next.trailingZeroBitCount, fitting), begin: next)
            found.append(subtree)
            next += subtree.count
        }
        return found
    }

    /// Adds the hash of a leaf.
    ///
    /// False, and nothing happens, only when the range ends at the last index there is.
    @discardableResult
    public mutating func append(leaf: Digest) -> Bool { append(leaf, level: 0) }

    /// Adds the root of a perfect subtree of 2^level leaves.
    ///
    /// False, and nothing happens, when no subtree of that height begins at `end`.
    @discardableResult
    public mutating func append(_ root: Digest, level: Int) -> Bool {
        guard (0..<64).contains(level), end & ((1 << UInt64(level)) - 1) == 0 else { return false }
        let (newEnd, overflows) = end.addingReportingOverflow(1 << UInt64(level))
        guard !overflows else { return false }
        var node = root
        var start = end
        var height = UInt64(level)
        // A node whose begin is an odd multiple of its size is a right child; its sibling is there if it is covered.
        while height < 63, start >> height & 1 == 1, start - begin >= 1 << height, let left = nodes.popLast() {
            node = Digest.node(left, node)
            start -= 1 << height
            height += 1
        }
        nodes.append(node)
        end = newEnd
        return true
    }

    /// Adds the range that begins where this one ends; false, and nothing happens, when it begins elsewhere.
    @discardableResult
    public mutating func append(_ other: CompactRange) -> Bool {
        guard other.begin == end else { return false }
        for (subtree, root) in zip(CompactRange.subtrees(begin: other.begin, end: other.end), other.nodes) {
            append(root, level: subtree.level)
        }
        return true
    }

    /// The Merkle tree hash (RFC 6962, section 2.1) of the leaves taken by themselves.
    ///
    /// Nil when they are no subtree, complete or at the right edge, of any tree: when `begin` is not a multiple of a
    /// power of two that is at least `count`. A range from 0 always has one, the root of the tree of `end` leaves.
    public var root: Digest? {
        guard begin == 0 || CompactRange.isSubtree(begin: begin, end: end) else { return nil }
        guard var root = nodes.last else { return Digest.empty }
        for left in nodes.dropLast().reversed() { root = Digest.node(left, root) }
        return root
    }

    private static func isSubtree(begin: UInt64, end: UInt64) -> Bool {
        guard end > begin else { return false }
        let needed = 64 - (end - begin - 1).leadingZeroBitCount
        return begin.trailingZeroBitCount >= needed
    }
}
