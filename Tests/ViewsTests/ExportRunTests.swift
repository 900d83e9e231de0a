import Accounting
import Events
import Foundation
import Ledger
import Testing
import Views

/// Verifiable exports as the program makes them: the same bytes each time, verifiable, and able to be gone on with.
@Suite struct ExportRunTests {
    private static let count = 700
    private let folder: TemporaryFolder
    private let ledger: Ledger

    init() throws {
        folder = try TemporaryFolder()
        ledger = try Ledger.open(LedgerOptions(directory: folder.path))
        let book = PriceBook.empty
        var records: [[UInt8]] = [EventCodec.encode(.schemaAdopted(Schema.adopted(time: Traffic.start)))]
        while records.count < ExportRunTests.count {
            let index = records.count
            let time = Traffic.start + Int64(index) * 1_000_000
            switch index {
            case 1, 400:
                let adopted = PriceBookAdopted(
                    time: time,
                    revision: index == 1 ? 1 : 2,
                    hash: [1, UInt8(index % 256)],
                    origin: "test",
                    book: book
                )
                records.append(EventCodec.encode(.priceBookAdopted(adopted)))
            case let index where index % 50 == 0:
                records.append(EventCodec.encode(.nodeStarted(NodeStarted(time: time, program: "test"))))
            default:
                let id = RequestID(high: 7, low: UInt64(index))
                let group = index % 3 == 0 ? "anthropic" : "openai"
                var event = RequestCompleted(id: id, time: time, group: group, provider: "openai")
                event.client = index % 7 == 0 ? "bob" : "alice"
                event.modelRequested = index % 2 == 0 ? "gpt-4o" : "gpt-4o-mini"
                event.usage.counts[.inputText] = Int64(index)
                records.append(EventCodec.encode(.requestCompleted(event)))
            }
        }
        try ledger.appendAndWait(records)
    }

    private func text(
        _ export: Export,
        workers: Int = 0,
        epochs: ExportEpochs = ExportEpochs(),
        resumption: ExportRun.Resumption? = nil
    ) throws -> [UInt8] {
        var run = ExportRun(export, of: ledger, epochs: epochs)
        run.workers = workers
        run.resumption = resumption
        var text: [UInt8] = []
        try run.run { piece in
            #expect(piece.last == 0x0a)
            text += piece
            return true
        }
        return text
    }

    private func reader(_ bytes: [UInt8]) -> (UnsafeMutableRawBufferPointer) -> Int {
        var offset = 0
        return { buffer in
            let count = min(buffer.count, bytes.count - offset)
            buffer.copyBytes(from: bytes[offset..<offset + count])
            offset += count
            return count
        }
    }

    private func verify(_ bytes: [UInt8], key: String? = nil) throws -> ExportAudit {
        let key = try VerifierKey(text: key ?? ledger.verifierKey)
        return try ExportAudit.verify(key: key, workers: 2, read: reader(bytes), progress: { _ in })
    }

    private func remains(_ bytes: some Sequence<UInt8>) throws -> ExportRemains.Found {
        try ExportRemains.read(workers: 1, read: reader(Array(bytes)), progress: { _ in })
    }

    private func lines(_ bytes: [UInt8]) -> [JSONNode] {
        bytes.split(separator: 0x0a).compactMap { JSONNode(Array($0)) }
    }

    private static let filters: [EventFilter] = [
        EventFilter(), EventFilter(clients: ["bob"]), EventFilter(groups: ["anthropic"], models: ["gpt-4o"]),
        EventFilter(types: ["node.started", "pricebook.adopted"]), EventFilter(clients: ["nobody"]),
        EventFilter(since: Traffic.start + 100_000_000, until: Traffic.start + 600_000_000, models: ["gpt-4o-mini"]),
    ]

    @Test(arguments: [(1, 700), (1, 1), (2, 2), (257, 512), (300, 699), (701, 700), (1, 0)], filters)
    func whatIsExportedVerifies(range: (Int, Int), filter: EventFilter) throws {
        let export = Export(from: UInt64(range.0), through: UInt64(range.1), filter: filter)
        let bytes = try text(export)
        let audit = try verify(bytes)
        var passing: UInt64 = 0
        try ledger.scan(from: export.from, through: export.through) { _, record in
            passing += filter.passes(try EventCodec.decode(record)) ? 1 : 0
            return true
        }
        #expect(audit.events == passing)
        #expect(audit.events + audit.omitted == UInt64(range.1 - range.0 + 1))
        // The same bytes by several threads, with what a view knows, and when there is more in the ledger.
        #expect(try text(export, workers: 3) == bytes)
        try ledger.appendAndWait([EventCodec.encode(.nodeStopped(NodeStopped(time: 1, reason: "test")))])
        let service = try ViewService(source: ledger)
        let epochs = service.readBlocking { ExportEpochs($0) }
        service.close()
        #expect(try text(export, epochs: epochs) == bytes)
        ledger.close()
    }

    @Test func theManifestNamesWhatHolds() throws {
        let all = try #require(lines(try text(Export(through: 700))).first)
        #expect(all["origin"]?.text == ledger.origin)
        #expect(all["key"]?.text == ledger.verifierKey)
        #expect(all["segment"]?.whole == 65_536)
        #expect(all["schemas"]?.elements?.map { $0["first"]?.whole } == [1])
        #expect(all["schemas"]?.elements?.first?["hash"]?.text?.count == 64)
        #expect(all["price_books"]?.elements?.map { $0["first"]?.whole } == [2, 401])
        #expect(all["price_books"]?.elements?.map { $0["revision"]?.whole } == [1, 2])
        let late = try #require(lines(try text(Export(from: 401, through: 700))).first)
        #expect(late["price_books"]?.elements?.map { $0["first"]?.whole } == [401])
        let early = try #require(lines(try text(Export(from: 3, through: 400))).first)
        #expect(early["price_books"]?.elements?.map { $0["first"]?.whole } == [2])
        let filter = EventFilter(since: Traffic.start, clients: ["bob", "alice", "bob"], types: ["request.completed"])
        let filtered = try #require(lines(try text(Export(through: 700, filter: filter))).first)
        #expect(filtered["filter"]?["client"] == .array([.string("alice"), .string("bob")]))
        #expect(filtered["filter"]?["since"]?.text == Timestamp.text(Traffic.start))
        ledger.close()
    }

    @Test func aManifestThatHidesAPriceBookIsRefused() throws {
        let bytes = try text(Export(through: 700))
        let second = try #require(lines(bytes).first?["price_books"]?.elements?.last)
        let hash = try #require(second["hash"]?.text)
        let epoch = "{\"first\":401,\"revision\":2,\"hash\":\"\(hash)\"}"
        let changes = [
            ("," + epoch, ""), (epoch, epoch.replacingOccurrences(of: hash, with: String(hash.reversed()))),
            (epoch, epoch.replacingOccurrences(of: "\"revision\":2", with: "\"revision\":3")),
        ]
        for (old, new) in changes {
            let text = String(decoding: bytes, as: UTF8.self)
            let changed = text.replacingOccurrences(of: old, with: new)
            #expect(changed != text)
            let failure = #expect(throws: AuditFailure.self) { try verify(try resealed(Array(changed.utf8))) }
            #expect(failure?.kind == .field)
            #expect(failure?.sequences == 401...401)
        }
        ledger.close()
    }

    /// The lines with a last line that fits them, as somebody makes who has no key but wants to hide a change.
    private func resealed(_ bytes: [UInt8]) throws -> [UInt8] {
        let note = try ledger.checkpoint(size: 700)
        let lines = bytes.split(separator: 0x0a).dropLast().flatMap { $0 + [0x0a] }
        var ending = ExportEnding()
        try ending.add(Array(lines))
        return try Array(lines) + ending.trailer(checkpoint: note)
    }

    /// Row 15 of what is tested of failures: cut at any byte, gone on with, the same bytes.
    @Test func everyCutIsMended() throws {
        let export = Export(from: 3, through: 40, filter: EventFilter(clients: ["alice"], models: ["gpt-4o"]))
        let whole = try text(export)
        let manifestEnd = try #require(whole.firstIndex(of: 0x0a))
        #if DEBUG
        let step = 23  // A build for working on it is for quick answers; the release build's run takes every byte.
        #else
        let step = 1
        #endif
        for length in stride(from: 0, to: whole.count, by: step) {
            switch try remains(whole[..<length]) {
            case .nothing: #expect(length <= manifestEnd, "cut at \(length)")
            case .whole: Issue.record("cut at \(length) and taken for whole")
            case .cut(let found):
                #expect(length > manifestEnd)
                try expect(found, cutOf: whole, export)
            }
        }
        guard case .whole(let audit) = try remains(whole) else {
            Issue.record("the whole is not known for it")
            return
        }
        #expect(audit.through == 40)
        ledger.close()
    }

    @Test func randomCutsOfALongerOneAreMended() throws {
        let export = Export(through: 700)
        let whole = try text(export)
        var random = Seeded(15)
        for _ in 0..<40 {
            let length = Int.random(in: 3_000..<whole.count, using: &random)
            guard case .cut(let found) = try remains(whole[..<length]) else {
                Issue.record("cut at \(length)")
                continue
            }
            try expect(found, cutOf: whole, export)
        }
        ledger.close()
    }

    private func expect(_ found: ExportRemains, cutOf whole: [UInt8], _ export: Export) throws {
        #expect(found.from == export.from)
        #expect(found.through == export.through)
        #expect(found.filter == export.filter)
        #expect(found.key == ledger.verifierKey)
        let resumption = ExportRun.Resumption(after: found.ending.last, root: found.root)
        let rest = try text(export, resumption: resumption)
        var ending = found.ending
        try ending.add(rest)
        let last = try ending.trailer(checkpoint: try ledger.checkpoint(size: ending.last))
        #expect(Array(whole[..<Int(found.bytes)]) + rest + last == whole)
    }

    @Test func anotherLedgersExportIsNotGoneOnWith() throws {
        let resumption = ExportRun.Resumption(after: 10, root: Digest.empty)
        #expect(throws: ViewError.self) { try text(Export(through: 20), resumption: resumption) }
        ledger.close()
    }

    @Test func whatIsNoExportIsNotGoneOnWith() throws {
        for text in ["hello", "{\"type\":\"export.omitted\"", "{}\n{}\n", "seq,id\r\n1,2\r\n"] {
            #expect(throws: AuditFailure.self) { try remains(Array(text.utf8)) }
        }
        guard case .nothing = try remains([]) else {
            Issue.record("an empty file holds nothing")
            return
        }
        // A changed event in what is there is told before anything is added to it.
        let bytes = String(decoding: try text(Export(through: 50)), as: UTF8.self)
        let changed = bytes.replacingOccurrences(of: "\"client\":\"bob\"", with: "\"client\":\"eve\"").dropLast(900)
        #expect(throws: AuditFailure.self) { try remains(Array(changed.utf8)) }
        ledger.close()
    }

    /// One that follows says only at its end how far it goes.
    @Test func oneThatFollowsEndsWhenItIsTold() throws {
        var run = ExportRun(Export(from: 690, through: .max), of: ledger)
        run.isFollowing = true
        var text: [UInt8] = []
        var turns = 0
        try run.run(
            waits: {
                turns += 1
                guard turns < 4 else { return false }
                let event = NodeStarted(time: Int64(turns), program: "turn \(turns)")
                return (try? ledger.appendAndWait([EventCodec.encode(.nodeStarted(event))])) != nil
            },
            emit: { piece in
                text += piece
                return true
            }
        )
        let audit = try verify(text)
        #expect(audit.from == 690)
        #expect(audit.through == 703)
        #expect(lines(text).first?["through"] == JSONNode.null)
        // Cut off, it is gone on with as far as is wanted.
        guard case .cut(let found) = try remains(text.dropLast(1_500)) else {
            Issue.record("not known for an export that was cut off")
            return
        }
        #expect(found.through == nil)
        ledger.close()
    }

    @Test func readersStopItAtOnce() throws {
        var pieces = 0
        try ExportRun(Export(through: 700), of: ledger).run { _ in
            pieces += 1
            return pieces < 2
        }
        #expect(pieces == 2)
        ledger.close()
    }

    @Test func aLedgerThatWasChangedIsNotSealed() throws {
        let log = Altered(ledger: ledger)
        var isSealed = false
        let error = #expect(throws: ViewError.self) {
            try ExportRun(Export(through: 700), of: log).run { piece in
                isSealed = isSealed || String(decoding: piece, as: UTF8.self).contains("export.trailer")
                return true
            }
        }
        #expect(error?.description.contains("tollgate verify") == true)
        #expect(!isSealed)
        ledger.close()
    }

    /// A log of which one record was changed and the hashes were not.
    private struct Altered: ProvableSource {
        let ledger: Ledger
        var origin: String { ledger.origin }
        var head: UInt64 { ledger.head }
        var verifierKey: String { ledger.verifierKey }
        func readRecord(at sequence: UInt64) throws -> [UInt8]? { try ledger.record(at: sequence) }
        func treeRoot(size: UInt64) -> [UInt8]? { nil }
        func compactRange(from: UInt64, through: UInt64) throws(LedgerError) -> CompactRange {
            try ledger.compactRange(from: from, through: through)
        }
        func checkpoint(size: UInt64) throws(LedgerError) -> String { try ledger.checkpoint(size: size) }
        func scan(from: UInt64, through: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws {
            try ledger.scan(from: from, through: through) { sequence, record in
                guard sequence == 100 else { return try body(sequence, record) }
                let forged = EventCodec.encode(.nodeStarted(NodeStarted(time: 1, program: "forged")))
                return try forged.withUnsafeBytes { try body(sequence, $0) }
            }
        }
    }
}
