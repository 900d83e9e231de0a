import Accounting
import Events
import Foundation
import Ledger
import Testing
import Views

/// Auditable exports, made here by hand, sound and tampered with.
@Suite struct ExportAuditTests {
    private static let count = 700
    private let folder: TemporaryFolder
    private let ledger: Ledger
    private let key: VerifierKey
    private let records: [[UInt8]]

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger.open(LedgerOptions(directory: folder.path))
        records = (0..<ExportAuditTests.count).map { index in
            let time = Traffic.start + Int64(index) * 1_000_000
            guard index % 50 != 0 else {
                return EventCodec.encode(.nodeStarted(NodeStarted(time: time, program: "test")))
            }
            var event = RequestCompleted(
                id: RequestID(high: 7, low: UInt64(index)),
                time: time,
                group: "openai",
                provider: "openai"
            )
            event.client = "alice"
            event.usage.counts[.inputText] = Int64(index)
            return EventCodec.encode(.requestCompleted(event))
        }
        try ledger.appendAndWait(records)
        key = try VerifierKey(text: ledger.verifierKey)
    }

    private func line(_ sequence: Int) throws -> String {
        let record = records[sequence - 1]
        let json = String(
            decoding: try EventJSON.render(record: record, sequence: UInt64(sequence)),
            as: UTF8.self
        )
        return json.dropLast() + ",\"stored\":\"\(Data(record).base64EncodedString())\"}"
    }

    private func list(_ nodes: [Digest]) -> String {
        "[" + nodes.map { "\"\($0.base64)\"" }.joined(separator: ",") + "]"
    }

    private func manifest(
        _ from: Int,
        _ through: Int,
        filter: String = #"{"client":["alice"]}"#,
        books: String = "[]"
    ) throws -> String {
        let left = try ledger.compactRange(from: 1, through: UInt64(from) - 1)
        return "{\"type\":\"export.manifest\",\"version\":1,\"origin\":\"\(ledger.origin)\",\"key\":\"\(key.text)\","
            + "\"from\":\(from),\"through\":\(through),\"tree_size\":\(through),\"left\":\(list(left.nodes)),\"schemas\":[],"
            + "\"price_books\":\(books),\"filter\":\(filter)}"
    }

    private func omitted(_ from: Int, _ through: Int) throws -> String {
        let range = try ledger.compactRange(from: UInt64(from), through: UInt64(through))
        return "{\"type\":\"export.omitted\",\"from\":\(from),\"through\":\(through),\"nodes\":\(list(range.nodes))}"
    }

    private func trailer(_ lines: [String], through: Int, events: Int? = nil) throws -> String {
        var digest = Digest.Stream()
        digest.update(Array(lines.map { $0 + "\n" }.joined().utf8))
        let root = try #require(Digest(try ledger.treeHead(size: UInt64(through)).root))
        let note = try ledger.checkpoint(size: UInt64(through)).replacingOccurrences(of: "\n", with: "\\n")
        let counted = lines.filter { $0.hasPrefix("{\"seq\"") }.count
        let runs = lines.compactMap { JSONNode(Array($0.utf8)) }.filter { $0["type"]?.text == "export.omitted" }
        let omitted = runs.reduce(0) { $0 + ($1["through"]?.whole ?? 0) + 1 - ($1["from"]?.whole ?? 0) }
        return "{\"type\":\"export.trailer\",\"events\":\(events ?? counted),\"omitted\":\(omitted),"
            + "\"sha256\":\"\(digest.finalize().hexadecimalText)\",\"root\":\"\(root.base64)\",\"checkpoint\":\"\(note)\"}"
    }

    /// The lines of an export; `leavingOut` is what a filter left out.
    private func export(_ from: Int, _ through: Int, leavingOut: [ClosedRange<Int>] = []) throws -> [String] {
        var lines = [try manifest(from, through)]
        var next = from
        while next <= through {
            if let run = leavingOut.first(where: { $0.lowerBound == next }) {
                lines.append(try omitted(run.lowerBound, run.upperBound))
                next = run.upperBound + 1
            } else {
                lines.append(try line(next))
                next += 1
            }
        }
        return lines
    }

    private func sealed(_ lines: [String], through: Int) throws -> [UInt8] {
        Array((lines + [try trailer(lines, through: through)]).map { $0 + "\n" }.joined().utf8)
    }

    private func verify(
        _ bytes: [UInt8],
        key: VerifierKey? = nil,
        trusted: Checkpoint? = nil,
        pieces: Int = 100_000
    ) throws -> ExportAudit {
        var offset = 0
        return try ExportAudit.verify(
            key: key ?? self.key,
            trusted: trusted,
            workers: 2,
            read: { buffer in
                let count = min(buffer.count, pieces, bytes.count - offset)
                buffer.copyBytes(from: bytes[offset..<offset + count])
                offset += count
                return count
            },
            progress: { _ in }
        )
    }

    private func failure(_ bytes: [UInt8], key: VerifierKey? = nil) -> AuditFailure? {
        do {
            _ = try verify(bytes, key: key)
            return nil
        } catch {
            return error as? AuditFailure
        }
    }

    @Test(
        arguments: [(1, 700), (1, 1), (2, 2), (257, 512), (300, 699), (700, 700), (701, 700), (1, 0)],
        [100_000, 97]
    )
    func soundExportPasses(range: (Int, Int), pieces: Int) throws {
        let (from, through) = range
        let bytes = try sealed(try export(from, through), through: through)
        let audit = try verify(bytes, pieces: pieces)
        #expect(audit.events == UInt64(through - from + 1))
        #expect(audit.omitted == 0)
        #expect(audit.bytes == UInt64(bytes.count))
        #expect(audit.checkpoint.size == UInt64(through))
        #expect(audit.key == key.text)
        ledger.close()
    }

    @Test func filteredExportPasses() throws {
        let lines = try export(5, 690, leavingOut: [5...5, 7...300, 301...301, 303...555, 690...690])
        let audit = try verify(try sealed(lines, through: 690))
        #expect(audit.omitted == 550)
        #expect(audit.events == 136)
        ledger.close()
    }

    /// What the manifest says of the file has to hold in the file.
    @Test func inventedClaimsAreFound() throws {
        func book(_ first: Int) -> String { #"[{"first":\#(first),"revision":9,"hash":"00"}]"# }
        var lines = try export(5, 100, leavingOut: [20...30])
        for (manifest, kind) in [
            (try manifest(5, 100, filter: "{}"), AuditFailure.Kind.field),
            (try manifest(5, 100, books: book(50)), .field), (try manifest(5, 100, books: book(101)), .field),
            (try manifest(5, 100, books: "[\(book(20).dropFirst().dropLast()),\(book(20).dropFirst())"), .malformed),
        ] {
            lines[0] = manifest
            #expect(failure(try sealed(lines, through: 100))?.kind == kind, "\(manifest)")
        }
        // Before the file, and where the filter left something out, it may be.
        for first in [4, 25] {
            lines[0] = try manifest(5, 100, books: book(first))
            #expect(failure(try sealed(lines, through: 100)) == nil)
        }
        ledger.close()
    }

    /// Numbers at the end of the integer.
    @Test(arguments: [UInt64.max, UInt64.max - 1, 1 << 63] as [UInt64])
    func absurdNumbersAreMalformed(number: UInt64) throws {
        var lines = try export(1, 10)
        lines[3] = #"{"type":"export.omitted","from":3,"through":\#(number),"nodes":[]}"#
        #expect(failure(Array((lines.joined(separator: "\n") + "\n").utf8))?.kind == .malformed)
        lines = [
            try manifest(1, 10).replacingOccurrences(of: #""from":1,"#, with: #""from":\#(number),"#)
                .replacingOccurrences(of: ":10,", with: ":\(number),"), try line(1),
        ]
        #expect(failure(Array((lines.joined(separator: "\n") + "\n").utf8))?.kind == .malformed)
        ledger.close()
    }

    @Test func keyInTheFileServesWithoutOne() throws {
        let bytes = try sealed(try export(1, 10), through: 10)
        var offset = 0
        let audit = try ExportAudit.verify(
            key: nil,
            workers: 1,
            read: { buffer in
                let count = min(buffer.count, bytes.count - offset)
                buffer.copyBytes(from: bytes[offset..<offset + count])
                offset += count
                return count
            },
            progress: { _ in }
        )
        #expect(audit.key == key.text)
        ledger.close()
    }

    @Test(arguments: [2, 257, 699])
    func missingEventIsNamed(sequence: Int) throws {
        var lines = try export(1, 700)
        lines.remove(at: sequence)
        let failure = failure(try sealed(lines, through: 700))
        #expect(failure?.kind == .missing)
        #expect(failure?.sequences == UInt64(sequence)...UInt64(sequence))
        ledger.close()
    }

    @Test func missingEndIsNamed() throws {
        let lines = try export(1, 700).dropLast(30)
        let failure = failure(try sealed(Array(lines), through: 700))
        #expect(failure?.kind == .missing)
        #expect(failure?.sequences == 671...700)
        ledger.close()
    }

    @Test func repeatedAndSwappedEventsAreNamed() throws {
        var lines = try export(1, 100)
        lines.insert(lines[40], at: 41)
        #expect(failure(try sealed(lines, through: 100))?.sequences == 41...41)
        lines = try export(1, 100)
        lines.swapAt(40, 41)
        #expect(failure(try sealed(lines, through: 100))?.sequences == 40...40)
        ledger.close()
    }

    /// Fields that were changed while the stored bytes were not.
    @Test(arguments: ["\"client\":\"alice\"": "\"client\":\"mallory\"", "\"status\":0": "\"status\":200"])
    func changedFieldIsNamed(change: (key: String, value: String)) throws {
        var lines = try export(1, 100)
        #expect(lines[34].contains(change.key))
        lines[34] = lines[34].replacingOccurrences(of: change.key, with: change.value)
        let failure = failure(try sealed(lines, through: 100))
        #expect(failure?.kind == .field)
        #expect(failure?.sequences == 34...34)
        #expect(failure?.message.contains("`\(change.key.dropFirst().prefix { $0 != "\"" })`") == true)
        ledger.close()
    }

    /// Fields and stored bytes that were changed together: only the root tells.
    @Test func changedEventIsFound() throws {
        var lines = try export(1, 100)
        let other = EventCodec.encode(.nodeStarted(NodeStarted(time: Traffic.start, program: "forged")))
        let json = String(decoding: try EventJSON.render(record: other, sequence: 51), as: UTF8.self)
        lines[51] = json.dropLast() + ",\"stored\":\"\(Data(other).base64EncodedString())\"}"
        let failure = failure(try sealed(lines, through: 100))
        #expect(failure?.kind == .root)
        #expect(failure?.sequences == 1...100)
        ledger.close()
    }

    @Test func changedHashesAreFound() throws {
        var lines = try export(300, 600, leavingOut: [400...450])
        let wrong = lines[0].replacingOccurrences(
            of: try ledger.compactRange(from: 1, through: 256).nodes[0].base64,
            with: Digest.empty.base64
        )
        #expect(wrong != lines[0])
        #expect(failure(try sealed([wrong] + lines.dropFirst(), through: 600))?.kind == .root)
        lines[101] = try omitted(400, 450).replacingOccurrences(of: "\"through\":450", with: "\"through\":451")
        #expect(failure(try sealed(lines, through: 600))?.kind == .malformed)
        ledger.close()
    }

    @Test func wrongKeysAreRefused() throws {
        let otherFolder = try TemporaryFolder()
        let other = try Ledger.open(LedgerOptions(directory: otherFolder.path))
        let bytes = try sealed(try export(1, 20), through: 20)
        #expect(failure(bytes, key: try VerifierKey(text: other.verifierKey))?.kind == .signature)
        // Signed by another one, who names that key.
        let forged = String(decoding: bytes, as: UTF8.self).replacingOccurrences(of: key.text, with: other.verifierKey)
        #expect(failure(Array(forged.utf8))?.kind == .signature)
        other.close()
        ledger.close()
    }

    @Test func anotherCheckpointOfTheSameSizeIsRefused() throws {
        let bytes = try sealed(try export(1, 20), through: 20)
        var kept = try Checkpoint(note: try ledger.checkpoint(size: 20), key: key)
        #expect(try verify(bytes, trusted: kept).checkpoint == kept)
        kept.root = Digest.empty
        #expect(#expect(throws: AuditFailure.self) { try verify(bytes, trusted: kept) }?.kind == .root)
        ledger.close()
    }

    /// Cut anywhere, never accepted, never a trap.
    @Test func everyCutIsRefused() throws {
        let bytes = try sealed(try export(1, 4), through: 4)
        // Shorter, and it might be anything.
        let recognised = "{\"type\":\"export.manifest\"".utf8.count
        for length in bytes.indices {
            let failure = failure(Array(bytes[..<length]))
            #expect(failure?.kind == (length < recognised ? .malformed : .cut), "cut at \(length)")
        }
        ledger.close()
    }

    @Test func everyChangedByteIsRefused() throws {
        let bytes = try sealed(try export(3, 5, leavingOut: [4...4]), through: 5)
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= [1, 0x20, 0x80][index % 3]
            #expect(failure(changed) != nil, "byte \(index)")
        }
        ledger.close()
    }

    @Test(arguments: ["x", "\n", "{}\n", "again"])
    func trailingBytesAreRefused(text: String) throws {
        let bytes = try sealed(try export(1, 4), through: 4)
        let failure = failure(bytes + (text == "again" ? bytes : Array(text.utf8)))
        #expect(failure?.kind == .trailing)
        ledger.close()
    }

    @Test func wrongCountsAreRefused() throws {
        let lines = try export(1, 20)
        let bytes = (lines + [try trailer(lines, through: 20, events: 21)]).map { $0 + "\n" }.joined()
        #expect(failure(Array(bytes.utf8))?.kind == .digest)
        ledger.close()
    }

    @Test(arguments: [
        "", "\n", "{}\n{}\n", "[[[[", "{\"type\":\"export.manifest\",\"version\":2}\n\n", "seq,type\n1,2\n3,4\n",
    ])
    func otherFilesAreMalformed(text: String) {
        #expect(failure(Array(text.utf8))?.kind == .malformed)
        ledger.close()
    }
}

@Suite struct JSONNodeTests {
    @Test(
        arguments: [
            "": nil, "1": .number("1"), "18446744073709551615": .number("18446744073709551615"), "1 2": nil,
            "{\"a\":}": nil,
            "\"\\u00e9\\ud83d\\ude42\\n\"": .string("é🙂\n"), "\"\\ud83d\"": nil, "\"\u{01}\"": nil, "nul": nil,
            " [ true , null ] ": .array([.bool(true), .null]), "[1,]": nil,
            "{\"a\":1,\"b\":2}": .object([("a", .number("1")), ("b", .number("2"))]), "{\"a\":1,\"a\":2}": nil,
        ] as [String: JSONNode?]
    )
    func readsValues(text: String, expected: JSONNode?) {
        #expect(JSONNode(Array(text.utf8)) == expected)
    }

    @Test func depthIsBounded() {
        #expect(JSONNode(Array(String(repeating: "[", count: 100_000).utf8)) == nil)
    }
}
