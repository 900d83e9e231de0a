import Ledger
import Testing

@Suite struct ProofTests {
    private static let limit = 70
    private static let leaves = sampleLeaves(limit)
    private static let roots = (0...limit).map { referenceRoot(leaves[..<$0]) }

    private func hash(_ range: Range<UInt64>) -> Digest {
        referenceRoot(ProofTests.leaves[Int(range.lowerBound)..<Int(range.upperBound)])
    }

    private func inclusion(_ index: Int, _ size: Int) throws -> InclusionProof {
        try #require(InclusionProof(index: UInt64(index), size: UInt64(size), subtree: hash))
    }

    private func consistency(_ from: Int, _ to: Int) throws -> ConsistencyProof {
        try #require(ConsistencyProof(from: UInt64(from), to: UInt64(to), subtree: hash))
    }

    /// The examples of RFC 6962, section 2.1.3: a tree of seven leaves.
    @Test func pathsAreThoseOfTheExamples() throws {
        let (a, b, c, d) = (hash(0..<1), hash(1..<2), hash(2..<3), hash(3..<4))
        let (g, h, i, j) = (hash(0..<2), hash(2..<4), hash(4..<6), hash(6..<7))
        let (k, l) = (hash(0..<4), hash(4..<7))
        let e = hash(4..<5)
        let f = hash(5..<6)
        #expect(try inclusion(0, 7).path == [b, h, l])
        #expect(try inclusion(3, 7).path == [c, g, l])
        #expect(try inclusion(4, 7).path == [f, j, k])
        #expect(try inclusion(6, 7).path == [i, k])
        #expect(try consistency(3, 7).path == [c, d, g, l])
        #expect(try consistency(4, 7).path == [l])
        #expect(try consistency(6, 7).path == [i, j, k])
        #expect(Digest.node(a, b) == g && Digest.node(e, f) == i)
    }

    @Test(arguments: 1...limit)
    func everyLeafIsProved(size: Int) throws {
        for index in 0..<size {
            let proof = try inclusion(index, size)
            #expect(proof.proves(leaf: ProofTests.leaves[index], root: ProofTests.roots[size]))
        }
    }

    @Test(arguments: 0...limit)
    func everyPairIsProved(size: Int) throws {
        for from in 0...size {
            let proof = try consistency(from, size)
            #expect(proof.proves(oldRoot: ProofTests.roots[from], newRoot: ProofTests.roots[size]))
        }
    }

    /// Whatever is changed in an inclusion proof, it proves nothing any more.
    @Test(arguments: 1...33)
    func alteredInclusionIsRefused(size: Int) throws {
        let root = ProofTests.roots[size]
        for index in 0..<size {
            let leaf = ProofTests.leaves[index]
            let proof = try inclusion(index, size)
            #expect(!proof.proves(leaf: ProofTests.leaves[(index + 1) % 70], root: root))
            #expect(!proof.proves(leaf: leaf, root: ProofTests.roots[size - 1]))
            for altered in alterations(of: proof.path) {
                #expect(
                    !InclusionProof(index: proof.index, size: proof.size, path: altered).proves(leaf: leaf, root: root)
                )
            }
            for other in 0..<UInt64(size) where other != proof.index {
                #expect(
                    !InclusionProof(index: other, size: proof.size, path: proof.path).proves(leaf: leaf, root: root)
                )
            }
        }
    }

    @Test(arguments: 2...33)
    func alteredConsistencyIsRefused(size: Int) throws {
        for from in 1..<size {
            let (old, new) = (ProofTests.roots[from], ProofTests.roots[size])
            let proof = try consistency(from, size)
            #expect(!proof.proves(oldRoot: ProofTests.roots[from - 1], newRoot: new))
            #expect(!proof.proves(oldRoot: old, newRoot: ProofTests.roots[size - 1]))
            #expect(!proof.proves(oldRoot: new, newRoot: old))
            for altered in alterations(of: proof.path) {
                #expect(
                    !ConsistencyProof(from: proof.from, to: proof.to, path: altered).proves(oldRoot: old, newRoot: new)
                )
            }
        }
    }

    private func alterations(of path: [Digest]) -> [[Digest]] {
        var altered = [path + [Digest.empty], [Digest.empty] + path]
        if !path.isEmpty { altered += [Array(path.dropLast()), Array(path.dropFirst())] }
        for position in path.indices {
            var changed = path
            changed[position] = Digest.empty
            altered.append(changed)
            if position > 0, path[position] != path[position - 1] {
                changed = path
                changed.swapAt(position, position - 1)
                altered.append(changed)
            }
        }
        return altered
    }

    /// Claims that no tree can bear are refused without a trap.
    @Test(arguments: [0, 1, 2, 63, 64, 65, 200])
    func impossibleClaimsAreRefused(length: Int) {
        let path = [Digest](repeating: Digest.empty, count: length)
        let numbers: [UInt64] = [0, 1, 2, 3, 1 << 32, (1 << 63) - 1, 1 << 63, .max - 1, .max]
        for first in numbers {
            for second in numbers {
                let inclusion = InclusionProof(index: first, size: second, path: path)
                #expect(
                    !inclusion.proves(leaf: Digest.empty, root: Digest.node(Digest.empty, Digest.empty)) || length == 1
                )
                #expect((inclusion.root(leaf: Digest.empty) == nil) || first < second)
                let consistency = ConsistencyProof(from: first, to: second, path: path)
                let root = Digest.node(Digest.empty, Digest.empty)
                #expect(!consistency.proves(oldRoot: root, newRoot: root) || (first == second && length == 0))
            }
        }
    }

    @Test func nothingIsProvedOfWhatIsNotThere() {
        #expect(InclusionProof(index: 0, size: 0, subtree: hash) == nil)
        #expect(InclusionProof(index: 7, size: 7, subtree: hash) == nil)
        #expect(InclusionProof(index: .max, size: 7, subtree: hash) == nil)
        #expect(ConsistencyProof(from: 8, to: 7, subtree: hash) == nil)
    }
}

/// What the ledger proves out of its stored hashes.
@Suite struct LedgerProofTests {
    private static let sizes = [0, 1, 2, 255, 256, 257, 511, 512, 513, 767, 768, 1_025, 1_300]
    private static let interesting = [
        1, 2, 128, 255, 256, 257, 300, 511, 512, 513, 768, 769, 1_024, 1_025, 1_299, 1_300,
    ]
    private static let leaves = sampleLeaves(1_300)
    private static let roots = Dictionary(uniqueKeysWithValues: sizes.map { ($0, referenceRoot(leaves[..<$0])) })
    private let directory: TemporaryDirectory
    private let ledger: Ledger

    init() throws {
        directory = try TemporaryDirectory()
        ledger = try Ledger.open(LedgerOptions(directory: directory.path))
        try ledger.appendAndWait((0..<1_300).map { bytes("record \($0)") })
    }

    @Test(arguments: sizes)
    func inclusion(size: Int) throws {
        let root = try #require(LedgerProofTests.roots[size])
        for sequence in LedgerProofTests.interesting where sequence <= size {
            let proof = try ledger.inclusionProof(of: UInt64(sequence), size: UInt64(size))
            #expect(proof.proves(leaf: LedgerProofTests.leaves[sequence - 1], root: root))
        }
        #expect(throws: LedgerError.self) { try ledger.inclusionProof(of: UInt64(size) + 1, size: UInt64(size)) }
        #expect(throws: LedgerError.self) { try ledger.inclusionProof(of: 0, size: UInt64(size)) }
        ledger.close()
    }

    @Test(arguments: sizes)
    func consistency(size: Int) throws {
        let root = try #require(LedgerProofTests.roots[size])
        #expect(try ledger.treeHead(size: UInt64(size)).root == root.bytes)
        for from in LedgerProofTests.sizes where from <= size {
            let proof = try ledger.consistencyProof(from: UInt64(from), to: UInt64(size))
            #expect(proof.proves(oldRoot: try #require(LedgerProofTests.roots[from]), newRoot: root))
        }
        #expect(throws: LedgerError.self) { try ledger.consistencyProof(from: UInt64(size) + 1, to: UInt64(size)) }
        ledger.close()
    }

    @Test func ranges() throws {
        for from in LedgerProofTests.interesting {
            for through in LedgerProofTests.interesting + [0] where through >= from - 1 {
                var expected = CompactRange(begin: UInt64(from) - 1)
                for leaf in LedgerProofTests.leaves[(from - 1)..<through] { expected.append(leaf: leaf) }
                #expect(try ledger.compactRange(from: UInt64(from), through: UInt64(through)) == expected)
            }
        }
        ledger.close()
    }

    @Test func nothingBeyondTheHead() throws {
        #expect(throws: LedgerError.self) { try ledger.inclusionProof(of: 1, size: 1_301) }
        #expect(throws: LedgerError.self) { try ledger.consistencyProof(from: 1, to: 1_301) }
        #expect(throws: LedgerError.self) { try ledger.compactRange(from: 1, through: 1_301) }
        #expect(throws: LedgerError.self) { try ledger.checkpoint(size: .max) }
        ledger.close()
    }
}
