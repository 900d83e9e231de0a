import Accounting
import Events
import Testing

/// Records as version 1 wrote them, of events without what it does not know.
enum Version1 {
    /// The record of an event whose client has a name in place of an opaque id.
    static func record(_ event: RequestCompleted) -> [UInt8] {
        var old = event
        old.client = "alice"
        old.session = nil
        old.tags = Tags()
        old.normaliser = nil
        var record = EventCodec.encode(old)
        record[0] = 1
        return record
    }
}

@Suite struct SchemaTests {
    @Test func version1IsReadWithoutWhatItDoesNotKnow() throws {
        var random = Seeded(31)
        for _ in 0..<300 {
            var event = Samples.completed(&random)
            let record = Version1.record(event)
            event.client = "alice"
            event.session = nil
            event.tags = Tags()
            event.normaliser = nil
            #expect(try EventCodec.decode(record) == .requestCompleted(event))
        }
    }

    @Test func theUpcasterChangesTheVersionAndNothingElse() throws {
        var random = Seeded(37)
        for kind in EventKind.allCases where kind != .requestCompleted && kind != .priceBookAdopted {
            var record = EventCodec.encode(Samples.event(kind, &random))
            record[0] = 1
            let upcast = try Upcasters.standard.upcast(record)
            #expect(upcast.first == 2)
            #expect(upcast.dropFirst() == record.dropFirst())
        }
        let record = Version1.record(Samples.typical())
        #expect(try Upcasters.standard.upcast(record) == [2] + record.dropFirst())
    }

    @Test(arguments: ["session", "tag", "normaliser", "client"])
    func whatVersion1DoesNotKnowIsDamageInItsRecords(_ field: String) throws {
        var event = Samples.typical()
        event.client = field == "client" ? "c_0123456789abcdef" : "alice"
        event.normaliser = field == "normaliser" ? 1 : nil
        if field == "session" { event.session = "s" }
        if field == "tag" { event.tags.add(name: "team", value: "search") }
        var record = EventCodec.encode(event)
        #expect(try EventCodec.decode(record) == .requestCompleted(event))
        record[0] = 1
        let error = #expect(throws: EventError.self) { try EventCodec.decode(record) }
        #expect(error?.code == .malformed)
    }

    @Test func aMissingUpcasterFailsClosed() {
        let record = Version1.record(Samples.typical())
        let error = #expect(throws: EventError.self) { try Upcasters(steps: [:], target: 2).upcast(record) }
        #expect(error?.code == .missingUpcaster)
        #expect(error?.description.contains("no upcaster leads from schema version 1 to 2") == true)
        let further = #expect(throws: EventError.self) {
            try Upcasters(steps: Upcasters.standard.steps, target: 3).upcast(record)
        }
        #expect(further?.code == .missingUpcaster)
    }

    @Test func anOlderProgramRefuses() {
        let record = EventCodec.encode(Samples.typical())
        let error = #expect(throws: EventError.self) { try Upcasters(steps: [:], target: 1).upcast(record) }
        #expect(error?.code == .newerSchema)
        #expect(error?.description.contains("version 2, this program knows versions up to 1") == true)
        let marker = #expect(throws: EventError.self) { try Schema.check(Schema.adopted(time: 0), newest: 1) }
        #expect(marker?.code == .newerSchema)
    }

    @Test func theTextOfAVersionIsBoundByItsHash() throws {
        try Schema.check(Schema.adopted(time: 0))
        try Schema.check(SchemaAdopted(time: 0, version: 1, hash: Schema.hash(1) ?? []))
        for version in [UInt8(1), 2] {
            #expect(Schema.text(version).map { SHA256.hash(Array($0.utf8)) } == Schema.hash(version))
            let other = SchemaAdopted(time: 0, version: version, hash: SHA256.hash([version]))
            #expect(throws: EventError.self) { try Schema.check(other) }
        }
        #expect(Schema.text(0) == nil)
        #expect(Schema.text(Schema.current + 1) == nil)
        #expect(throws: EventError.self) { try Schema.check(SchemaAdopted(time: 0, version: 0, hash: [])) }
    }

    @Test func markersAndRecordsMustAgree() throws {
        #expect(try Schema.epoch(record: 1, after: 0) == 1)
        #expect(try Schema.epoch(record: 1, marker: 1, after: 0) == 1)
        #expect(try Schema.epoch(record: 1, after: 1) == 1)
        #expect(try Schema.epoch(record: 2, marker: 2, after: 1) == 2)
        for (record, marker, epoch) in [(2, nil, 1), (1, nil, 2), (1, 2, 1), (2, 1, 0), (2, 2, 2), (1, 1, 2)]
            as [(UInt8, UInt8?, UInt8)]
        {
            let error = #expect(throws: EventError.self) {
                try Schema.epoch(record: record, marker: marker, after: epoch)
            }
            #expect(error?.code == .contradiction)
        }
    }

    @Test func tagsAreFewAndShort() {
        var tags = Tags()
        func add(_ name: String, _ value: String) -> Bool { tags.add(name: name, value: value) }
        #expect(add("team", "search"))
        #expect(!add("team", "other"))
        #expect(add("a.b_c-9", ""))
        #expect(tags.list.map(\.name) == ["a.b_c-9", "team"])
        #expect(tags["team"] == "search")
        for name in ["", "Team", "a b", "ü", String(repeating: "x", count: 65)] {
            #expect(!add(name, "v"))
        }
        #expect(!add("long", String(repeating: "x", count: 257)))
        #expect(add(String(repeating: "x", count: 64), String(repeating: "x", count: 256)))
        for number in 0..<20 { tags.add(name: "n\(number)", value: "") }
        #expect(tags.list.count == Tags.most)
    }

    @Test func tagsOutOfOrderAreDamage() throws {
        var event = Samples.typical()
        event.usage.raw = []
        event.tags.add(name: "a", value: "1")
        event.tags.add(name: "b", value: "2")
        var record = EventCodec.encode(event)
        record.replaceSubrange((record.count - 8)..., with: [1, 0x62, 1, 0x32, 1, 0x61, 1, 0x31])
        #expect(throws: EventError.self) { try EventCodec.decode(record) }
    }
}
