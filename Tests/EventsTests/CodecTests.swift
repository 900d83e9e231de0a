import Accounting
import Events
import Testing

@Suite struct CodecTests {
    @Test(arguments: EventKind.allCases)
    func everyKindComesBackAsItWas(kind: EventKind) throws {
        var random = Seeded(UInt64(kind.rawValue))
        let rounds = kind == .priceBookAdopted ? 2 : 500
        for _ in 0..<rounds {
            let event = Samples.event(kind, &random)
            #expect(try EventCodec.decode(EventCodec.encode(event)) == event)
        }
    }

    @Test(arguments: EventKind.allCases.filter { $0 != .priceBookAdopted })
    func truncatedRecordsAreErrors(kind: EventKind) {
        var random = Seeded(7)
        for _ in 0..<10 {
            let record = EventCodec.encode(Samples.event(kind, &random))
            for length in 0..<record.count {
                #expect(throws: EventError.self) { try EventCodec.decode(Array(record.prefix(length))) }
            }
            #expect(throws: EventError.self) { try EventCodec.decode(record + [0]) }
        }
    }

    @Test(arguments: EventKind.allCases.filter { $0 != .priceBookAdopted })
    func everyFlippedBitDecodesOrThrows(kind: EventKind) {
        var random = Seeded(11)
        for _ in 0..<5 {
            let record = EventCodec.encode(Samples.event(kind, &random))
            for bit in 0..<(record.count * 8) {
                var damaged = record
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                guard let event = try? EventCodec.decode(damaged) else { continue }
                _ = EventJSON.render(event, sequence: 1, schema: Schema.current)
            }
        }
    }

    @Test func randomBytesNeverTrap() {
        var random = Seeded(13)
        for _ in 0..<20_000 {
            var bytes = (0..<(random.next() % 120)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            if bytes.count >= 2 {
                bytes[0] = UInt8(1 + random.next() % 2)
                bytes[1] = UInt8(random.next() % 11)
            }
            _ = try? EventCodec.decode(bytes)
        }
    }

    @Test func aTypicalRequestIsSmall() {
        #expect(EventCodec.encode(Samples.typical()).count <= 250)
    }

    @Test func newerRecordsAreRefusedInWords() {
        let newer = #expect(throws: EventError.self) { try EventCodec.decode([3, 6, 0]) }
        #expect(newer?.code == .newerSchema)
        #expect(newer?.description.contains("newer Tollgate") == true)
        let kind = #expect(throws: EventError.self) { try EventCodec.decode([1, 200, 0]) }
        #expect(kind?.code == .unknownKind)
        #expect(kind?.description.contains("newer Tollgate") == true)
        let older = #expect(throws: EventError.self) { try EventCodec.decode([0, 6, 0]) }
        #expect(older?.code == .missingUpcaster)
    }

    @Test func rawUsageSurvivesAnyBytes() {
        var random = Seeded(17)
        for round in 0..<300 {
            let raw = (0..<(round * 3)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
            let coded = RawUsageCoding.withEncoded(raw) { Array($0) }
            #expect(coded.withUnsafeBytes { RawUsageCoding.decode($0, limit: 4096) } == raw)
        }
        let pretty = Array("{\n    \"prompt_tokens\": 9,\n      \"x\":1,\n \"cached_tokens\":2}".utf8)
        #expect(RawUsageCoding.withEncoded(pretty) { RawUsageCoding.decode($0, limit: 4096) } == pretty)
        let bomb = [UInt8](repeating: 0x80, count: 4096)
        #expect(bomb.withUnsafeBytes { RawUsageCoding.decode($0, limit: 4096) } == nil)
    }

    @Test func upcastersGoStepByStep() throws {
        let table = Upcasters(
            steps: [
                1: { record throws(EventError) in [2] + record.dropFirst() + [10] },
                2: { record throws(EventError) in [3] + record.dropFirst() + [20] },
            ],
            target: 3
        )
        #expect(try table.upcast([1, 6]) == [3, 6, 10, 20])
        #expect(try table.upcast([3, 6]) == [3, 6])
        #expect(throws: EventError.self) { try table.upcast([0, 6]) }
        #expect(throws: EventError.self) { try table.upcast([4, 6]) }
        let stuck = Upcasters(steps: [1: { record throws(EventError) in record }], target: 2)
        #expect(throws: EventError.self) { try stuck.upcast([1, 6]) }
    }
}
