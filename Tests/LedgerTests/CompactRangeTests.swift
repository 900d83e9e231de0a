import Ledger
import Testing

/// The tree hash as RFC 6962, section 2.1, defines it, word for word: what everything else is compared with.
func referenceRoot(_ leaves: ArraySlice<Digest>) -> Digest {
    guard let first = leaves.first else { return Digest.empty }
    guard leaves.count > 1 else { return first }
    var split = 1
    while split * 2 < leaves.count { split *= 2 }
    let middle = leaves.startIndex + split
    return Digest.node(referenceRoot(leaves[..<middle]), referenceRoot(leaves[middle...]))
}

/// The hashes of `count` different records.
func sampleLeaves(_ count: Int) -> [Digest] {
    (0..<count).map { index in bytes("record \(index)").withUnsafeBytes { Digest.leaf($0) } }
}

@Suite struct CompactRangeTests {
    private static let limit = 70
    private static let leaves = sampleLeaves(limit)

    /// `ranges[begin][count]`, each leaf added by itself.
    private static let ranges = (0...limit).map { begin in
        var range = CompactRange(begin: UInt64(begin))
        return [range]
            + leaves[begin...].map { leaf in
                range.append(leaf: leaf)
                return range
            }
    }

    private func range(_ begin: Int, _ end: Int) -> CompactRange { CompactRangeTests.ranges[begin][end - begin] }

    @Test(arguments: 0...limit)
    func rootsAreThoseOfTheDefinition(size: Int) {
        #expect(range(0, size).root == referenceRoot(CompactRangeTests.leaves[..<size]))
    }

    @Test(arguments: 0...limit)
    func nodesAreTheRootsOfTheSubtrees(begin: Int) {
        for end in begin...CompactRangeTests.limit {
            let range = range(begin, end)
            let subtrees = CompactRange.subtrees(begin: UInt64(begin), end: UInt64(end))
            let expected = subtrees.map { referenceRoot(CompactRangeTests.leaves[Int($0.begin)..<Int($0.end)]) }
            #expect(range.nodes == expected)
            #expect(range.count == UInt64(end - begin))
            #expect(subtrees.reduce(0) { $0 + $1.count } == range.count)
            for subtree in subtrees { #expect(subtree.begin % subtree.count == 0) }
            #expect(CompactRange(begin: range.begin, end: range.end, nodes: range.nodes) == range)
        }
    }

    @Test(arguments: 0...limit)
    func neighboursAddUp(end: Int) {
        for begin in 0...end {
            for middle in begin...end {
                var merged = range(begin, middle)
                let isMerged = merged.append(range(middle, end))
                #expect(isMerged)
                #expect(merged == range(begin, end))
            }
        }
    }

    @Test func onlyNeighboursAddUp() {
        var first = range(0, 5)
        let before = first
        let areMerged = [first.append(range(6, 9)), first.append(range(4, 9))]
        #expect(areMerged == [false, false])
        #expect(first == before)
    }

    @Test(arguments: 0...limit)
    func wholeSubtreesAddUp(begin: Int) {
        for end in begin...CompactRangeTests.limit {
            var range = CompactRange(begin: UInt64(begin))
            for subtree in CompactRange.subtrees(begin: UInt64(begin), end: UInt64(end)) {
                let root = referenceRoot(CompactRangeTests.leaves[Int(subtree.begin)..<Int(subtree.end)])
                let isAdded = range.append(root, level: subtree.level)
                #expect(isAdded)
            }
            #expect(range == self.range(begin, end))
        }
    }

    @Test(arguments: [-1, 1, 2, 63, 64, Int.max])
    func subtreesInTheWrongPlaceAreRefused(level: Int) {
        var range = range(0, 5)
        let before = range
        let isAdded = range.append(Digest.empty, level: level)
        #expect(!isAdded)
        #expect(range == before)
    }

    @Test func wrongNumberOfHashesIsRefused() {
        #expect(CompactRange(begin: 0, end: 5, nodes: [Digest.empty]) == nil)
        #expect(CompactRange(begin: 0, end: 4, nodes: [Digest.empty, Digest.empty]) == nil)
        #expect(CompactRange(begin: 5, end: 4, nodes: []) == nil)
        #expect(CompactRange(begin: 5, end: 5, nodes: []) != nil)
    }

    @Test func onlySubtreesHaveARoot() {
        for begin in 0..<32 {
            for end in begin...CompactRangeTests.limit {
                var width = 1
                while width < end - begin { width *= 2 }
                let isSubtree = begin == 0 || (end > begin && begin % width == 0)
                let expected = isSubtree ? referenceRoot(CompactRangeTests.leaves[begin..<end]) : nil
                #expect(range(begin, end).root == expected)
            }
        }
    }

    /// The widest ranges there are neither overflow nor trap.
    @Test func endOfTheIndices() {
        let subtrees = CompactRange.subtrees(begin: 1, end: .max)
        #expect(subtrees.count == 126)
        #expect(subtrees.reduce(0) { $0 + $1.count } == UInt64.max - 1)
        var range = CompactRange(begin: 0)
        let areAdded = (0..<64).reversed().map { range.append(Digest.empty, level: $0) }
        #expect(areAdded.allSatisfy { $0 })
        #expect(range.end == .max)
        let isAddedBeyond = [range.append(leaf: Digest.empty), range.append(Digest.empty, level: 63)]
        #expect(isAddedBeyond == [false, false])
        #expect(range.nodes.count == 64)
        #expect(range.root != nil)
    }
}
