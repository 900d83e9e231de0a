import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct SchemaVersionTests {
    /// The records of the golden ledger of version 1.
    static func golden() throws -> [[UInt8]] {
        let text = Golden.version1.replacingOccurrences(of: "\n ", with: "")
        return try text.split(separator: "\n").map { Array(try #require(Data(base64Encoded: String($0)))) }
    }

    /// What a ledger comes to, as a text that does not depend on how views are stored.
    private func summary(_ log: MemoryLog) throws -> String {
        let views = try ViewService(source: log)
        defer { views.close() }
        try #require(views.failure == nil)
        let query = try ReportQuery(by: "model,client,group,operation,day")
        let report = try #require(Report(query, from: views.readBlocking { $0 }))
        let rows = report.rows.map { ($0.key, $0.sums) }.sorted { $0.0.lexicographicallyPrecedes($1.0) }
        return (rows + [(["total"], report.total)]).map { key, sums in
            let counts = "\(sums.requests) \(sums.errors) \(sums.unpriced) \(sums.restatedUnpriced)"
            let tokens = "\(sums.input) \(sums.output) \(sums.cacheRead) \(sums.cacheWrite)"
            let money = "\(sums.charged.dollars) \(sums.restated.dollars)"
            return "\(key.joined(separator: " ")) \(counts) \(tokens) \(money)\n"
        }.joined()
    }

    private func state(_ records: [[UInt8]]) throws -> ViewState {
        let log = MemoryLog()
        log.append(raw: records)
        let views = try ViewService(source: log)
        defer { views.close() }
        #expect(views.failure == nil)
        return views.readBlocking { $0 }
    }

    private func failure(_ records: [[UInt8]]) throws -> String? {
        let log = MemoryLog()
        log.append(raw: records)
        let views = try ViewService(source: log)
        defer { views.close() }
        _ = views.readBlocking { $0.sequence }
        return views.failure
    }

    private func marker(_ time: Int64) -> [UInt8] { EventCodec.encode(.schemaAdopted(Schema.adopted(time: time))) }

    /// The same history as this version writes it.
    private func rewritten(_ records: [[UInt8]]) throws -> [[UInt8]] {
        try records.map { record in
            let event = try EventCodec.decode(record)
            if case .schemaAdopted = event { return marker(event.time) }
            return EventCodec.encode(event)
        }
    }

    @Test func theGoldenLedgerOfVersion1ComesToTheSameView() throws {
        let records = try Self.golden()
        #expect(Set(records.compactMap { $0.first }) == [1])
        #expect(Set(records.compactMap { EventKind(rawValue: $0[1]) }) == Set(EventKind.allCases))
        let log = MemoryLog()
        log.append(raw: records)
        #expect(hexText(SHA256.hash(Array(try summary(log).utf8))) == Golden.version1View)
    }

    @Test func oldAndNewLedgersOfTheSameRequestsComeToEqualViews() throws {
        let old = try Self.golden()
        let new = try rewritten(old)
        #expect(zip(old, new).allSatisfy { $0 != $1 })
        var (left, right) = (try state(old), try state(new))
        #expect(left.schemas.map(\.version) == [1])
        #expect(right.schemas.map(\.version) == [2])
        // All that differs is which version was adopted.
        left.schemas = []
        right.schemas = []
        left.epoch = 0
        right.epoch = 0
        #expect(left.encode() == right.encode())
    }

    @Test func aMixedLedgerIsReadInOnePass() throws {
        let old = try Self.golden()
        let new = try rewritten(old)
        for cut in [1, 4, 20, old.count - 1] {
            let adopted = marker(Traffic.start)
            let mixed = try state(Array(old[..<cut]) + [adopted] + new[max(1, cut)...])
            #expect(mixed.schemas.map(\.version) == [1, 2])
            #expect(mixed.schemas.map(\.sequence) == [1, UInt64(cut) + 1])
            var query = try ReportQuery(by: "model,client,group,operation,day")
            query.top = nil
            let expected = try #require(Report(query, from: try state(old)))
            let report = try #require(Report(query, from: mixed))
            #expect(report.rows == expected.rows)
            #expect(report.total == expected.total)
        }
    }

    @Test func readingInPlaceGivesWhatTheUpcasterGives() throws {
        let old = try Self.golden()
        let upcast = try old.map { record in
            let event = try EventCodec.decode(record)
            if case .schemaAdopted = event { return marker(event.time) }
            return try Upcasters.standard.upcast(record)
        }
        var (left, right) = (try state(old), try state(upcast))
        left.schemas = []
        right.schemas = []
        left.epoch = 0
        right.epoch = 0
        #expect(left.encode() == right.encode())
    }

    @Test func aVersionWithoutItsMarkerIsRefused() throws {
        let old = try Self.golden()
        let new = try rewritten(old)
        let unmarked = try failure(Array(old[..<10]) + new[10...])
        #expect(unmarked?.contains("event 11: the record carries schema version 2") == true)
        let fallenBack = try failure(Array(new[..<10]) + old[10...])
        #expect(fallenBack?.contains("event 11: the record carries schema version 1") == true)
        var twice = new
        twice.insert(new[0], at: 5)
        #expect(try failure(twice)?.contains("event 6: a schema.adopted names version 2") == true)
    }

    @Test func whatIsLostMayHaveBeenAMarker() throws {
        let old = try Self.golden()
        let new = try rewritten(old)
        let lost = EventCodec.encode(.historyTruncated(HistoryTruncated(time: Traffic.start, first: 1, last: 1)))
        var records = Array(old[..<20]) + [marker(Traffic.start)] + new[20...]
        for place in [0, 7, 20, 30] { records[place] = lost }
        #expect(try failure(records) == nil)
        let folded = try state(records)
        #expect(folded.schemas.isEmpty)
        // A snapshot knows the version that goes on as well.
        #expect(try ViewState(decoding: folded.encode()).epoch == 2)
        records[25][0] = 1
        #expect(try failure(records)?.contains("event 26: the record carries schema version 1") == true)
    }

    @Test func aNewerVersionIsRefused() throws {
        var records = try Self.golden()
        records[12][0] = Schema.current + 1
        let failure = try failure(records)
        #expect(failure?.contains("event 13: the record has schema version 3, this program knows ") == true)
        #expect(failure?.contains("newer Tollgate") == true)
    }
}

@Suite struct SchemaAdoptionTests {
    @Test func anOlderLedgerIsTakenOnOnce() throws {
        let log = MemoryLog()
        guard case .schemaAdopted(let first) = try SchemaAdoption.due(log, now: 5) else {
            Issue.record("an empty ledger begins with its version")
            return
        }
        #expect(first == Schema.adopted(time: 5))
        log.append(raw: try SchemaVersionTests.golden())
        let due = try #require(try SchemaAdoption.due(log, now: 6))
        log.append([due])
        #expect(try SchemaAdoption.due(log, now: 7) == nil)
        let views = try ViewService(source: log)
        defer { views.close() }
        #expect(views.readBlocking { $0.schemas.map(\.version) } == [1, 2])
        #expect(views.failure == nil)
    }

    @Test func anOlderProgramRefusesBeforeItWrites() throws {
        let log = MemoryLog([.schemaAdopted(Schema.adopted(time: 5))])
        let error = #expect(throws: ViewError.self) { try SchemaAdoption.due(log, now: 6, current: 1) }
        #expect(error?.code == .unreadableRecord)
        #expect(error?.description.contains("schema version 2, this program knows versions up to 1") == true)
        #expect(error?.description.contains("start that version or a later one") == true)
    }

    @Test func theSurveySaysWhatThereIs() throws {
        let log = MemoryLog()
        let old = try SchemaVersionTests.golden()
        log.append(raw: old)
        log.append([.schemaAdopted(Schema.adopted(time: 6)), .nodeStopped(NodeStopped(time: 7, reason: "signal"))])
        let survey = try SchemaSurvey(log, through: log.head)
        #expect(survey.versions.map(\.version) == [1, 2])
        #expect(survey.versions.map(\.marker) == [1, UInt64(old.count) + 1])
        #expect(survey.versions.map(\.records) == [UInt64(old.count), 2])
        #expect(survey.versions.map(\.first) == [1, UInt64(old.count) + 1])
        #expect(survey.versions.map(\.last) == [UInt64(old.count), UInt64(old.count) + 2])
        #expect(survey.versions.allSatisfy { $0.isKnown && $0.hash == Schema.hash($0.version) })
        #expect(survey.versions[0].kinds[EventKind.requestCompleted.rawValue] == 40)
        #expect(survey.contradictions == 0)
    }

    @Test func theSurveyReadsWhatThisProgramCannot() throws {
        let log = MemoryLog()
        log.append(raw: try SchemaVersionTests.golden() + [[9, 1, 0], [9, 200], [1, 3]])
        let survey = try SchemaSurvey(log, through: log.head)
        #expect(survey.versions.map(\.version) == [1, 9])
        #expect(survey.versions.last?.isKnown == false)
        #expect(survey.versions.last?.records == 2)
        #expect(survey.contradictions == 1)
        #expect(survey.firstContradiction == log.head)
    }
}
