import Accounting
import Events
import Testing

/// Lines that are rendered straight from records against those of the decoded events.
@Suite struct CompletedJSONTests {
    private static let names = ClientNames(["c_00ff00ff00ff00ff": "Zoë \"Z\"", "alice": "Alice"])

    private enum Outcome: Equatable { case same, left, different }

    /// Renders a record behind other text and compares; one that is left to the event must leave no trace.
    private func outcome(
        _ record: [UInt8],
        _ lines: inout CompletedJSON,
        sequence: UInt64 = 7,
        names: ClientNames = ClientNames()
    ) -> Outcome {
        var json = JSONText(capacity: 64)
        json.append(0x2c)
        let isTaken = record.withUnsafeBytes { lines.append($0, sequence: sequence, to: &json) }
        guard isTaken else { return json.bytes == [0x2c] ? .left : .different }
        guard let event = try? EventCodec.decode(record) else { return .different }
        let line = EventJSON.render(event, sequence: sequence, schema: record[0], names: names)
        return json.bytes == [0x2c] + line ? .same : .different
    }

    @Test(arguments: [true, false])
    func everyEventGivesTheSameLine(isNamed: Bool) {
        let names = isNamed ? Self.names : ClientNames()
        var random = Seeded(41)
        var lines = CompletedJSON(names: names)
        for _ in 0..<3_000 {
            var event = Samples.completed(&random)
            let record = EventCodec.encode(event)
            let isRead = event.usage.additional.isEmpty
            let outcome = outcome(record, &lines, sequence: random.next(), names: names)
            // Some of the texts make a profile too long to be remembered.
            #expect(outcome == .same || (outcome == .left && (!isRead || record.count > 512)))
            event.usage.additional = []
            let old = Version1.record(event)
            #expect(self.outcome(old, &lines, names: names) == .same || old.count > 512)
        }
    }

    @Test func aTypicalRequestIsTaken() {
        var lines = CompletedJSON()
        var event = Samples.typical()
        for time in [event.time, event.time + 1, 0, -1, .min, .max, Timestamp.day - 1, Timestamp.day, -Timestamp.day] {
            event.time = time
            #expect(outcome(EventCodec.encode(event), &lines) == .same)
        }
    }

    @Test func everyUnitIsNamed() {
        var lines = CompletedJSON()
        var event = Samples.typical()
        for count in [Int64(0), 10, .max] {
            event.usage.counts = UsageCounts()
            for unit in UsageUnit.allCases {
                var alone = event
                alone.usage.counts = UsageCounts()
                alone.usage.counts[unit] = count
                event.usage.counts[unit] = count
                #expect(outcome(EventCodec.encode(alone), &lines) == .same)
                #expect(outcome(EventCodec.encode(event), &lines) == .same)
            }
        }
    }

    @Test func numbersAndMoneyOfEveryLengthAreTheSame() {
        var lines = CompletedJSON()
        var random = Seeded(43)
        var values: [Int64] = [0, .max, .min]
        var power: Int64 = 1
        for _ in 0..<18 {
            values += [power, -power, power - 1, power * 9, power + 1]
            power *= 10
        }
        for value in values + (0..<500).map({ _ in Samples.signed(&random) }) {
            var event = Samples.typical()
            event.id = Samples.id(&random)
            event.totalDuration = value
            event.cost.amount = Money(picodollars: value)
            event.usage.providerCost = Money(picodollars: value)
            #expect(outcome(EventCodec.encode(event), &lines, sequence: value.magnitude) == .same)
        }
    }

    @Test func everyFlippedBitGivesTheSameLineOrIsLeft() {
        var marked = Samples.typical()
        marked.session = "s-1"
        marked.tags.add(name: "env", value: "käse")
        marked.tags.add(name: "team", value: "\"search\"")
        marked.path = "/other"
        marked.attempts[0].key = "plain"
        marked.attempts[0].failure = .cut
        marked.error = "no_route"
        let records = [
            EventCodec.encode(Samples.typical()), EventCodec.encode(marked), Version1.record(Samples.typical()),
        ]
        for record in records {
            var lines = CompletedJSON()
            var taken = 0
            for bit in 0..<(record.count * 8) {
                var damaged = record
                damaged[bit / 8] ^= 1 << UInt8(bit % 8)
                let outcome = outcome(damaged, &lines)
                #expect(outcome != .different)
                if outcome == .same { taken += 1 }
            }
            #expect(taken > record.count)
            for length in 0..<record.count { #expect(outcome(Array(record.prefix(length)), &lines) == .left) }
            #expect(outcome(record + [0], &lines) == .left)
        }
    }

    @Test func damagedRecordsGiveTheSameLineOrAreLeft() {
        var random = Seeded(47)
        var lines = CompletedJSON()
        let odd: [UInt8] = [0x00, 0x22, 0x5c, 0x7f, 0x80, 0xc3, 0xe2, 0xed, 0xf0, 0xff, 0x0a, 0x1f, 0x20]
        var taken = 0
        for _ in 0..<600 {
            let record = EventCodec.encode(Samples.completed(&random))
            for _ in 0..<20 {
                var damaged = record
                for _ in 0...(random.next() % 3) {
                    let index = Int(random.next() % UInt64(damaged.count))
                    damaged[index] =
                        random.next() % 2 == 0
                        ? odd[Int(random.next() % UInt64(odd.count))] : UInt8(truncatingIfNeeded: random.next())
                }
                let outcome = outcome(damaged, &lines)
                #expect(outcome != .different)
                if outcome == .same { taken += 1 }
            }
        }
        #expect(taken > 1_200)
    }

    @Test func moreProfilesThanAreRememberedGiveTheSameLines() {
        var lines = CompletedJSON()
        var event = Samples.typical()
        event.usage.raw = []
        for number in 0..<12_000 {
            event.error = String(number % 9_000)
            #expect(outcome(EventCodec.encode(event), &lines) == .same)
        }
    }
}
