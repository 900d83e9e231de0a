import Accounting
import Events
import Foundation
import Testing
import Views

/// Rows of FOCUS: what must hold of each, and that a request's rows are what it was charged.
@Suite struct FocusTests {
    private func rows(_ log: MemoryLog, _ filter: EventFilter = EventFilter()) throws -> [[String: String]] {
        var bytes: [UInt8] = []
        try ExportRun(Export(format: .focus, through: log.head, filter: filter), of: log).run {
            bytes += $0
            return true
        }
        let lines = fields(bytes)
        let header = try #require(lines.first)
        #expect(lines.allSatisfy { $0.count == header.count })
        return lines.dropFirst().map { Dictionary(zip(header, $0), uniquingKeysWith: { first, _ in first }) }
    }

    /// Reads RFC 4180.
    private func fields(_ bytes: [UInt8]) -> [[String]] {
        var lines: [[String]] = []
        var line: [String] = []
        var field: [UInt8] = []
        var isQuoted = false
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case 0x22:
                // A quote that is doubled stands for one.
                if isQuoted, index + 1 < bytes.count, bytes[index + 1] == 0x22 { field.append(0x22) }
                isQuoted.toggle()
            case 0x2c where !isQuoted:
                line.append(String(decoding: field, as: UTF8.self))
                field = []
            case 0x0d where !isQuoted: continue
            case 0x0a where !isQuoted:
                lines.append(line + [String(decoding: field, as: UTF8.self)])
                (line, field) = ([], [])
            default: field.append(byte)
            }
        }
        return lines
    }

    private func decimal(_ text: String?) throws -> Decimal { try #require(text.flatMap { Decimal(string: $0) }) }

    private func picodollars(_ text: String?) throws -> Int64 {
        let scaled = try decimal(text) * Decimal(1_000_000_000_000)
        return (scaled as NSDecimalNumber).int64Value
    }

    private func check(_ rows: [[String: String]]) throws {
        for row in rows {
            for name in ["BilledCost", "EffectiveCost", "ListCost", "ContractedCost", "PricingQuantity", "SkuId"] {
                #expect(row[name]?.isEmpty == false, "\(name)")
            }
            #expect(row["BilledCost"] == row["EffectiveCost"])
            for (price, cost) in [("ListUnitPrice", "ListCost"), ("ContractedUnitPrice", "ContractedCost")] {
                guard row[price]?.isEmpty == false else {
                    #expect(row[cost] == row["BilledCost"])
                    continue
                }
                let product = try decimal(row[price]) * decimal(row["PricingQuantity"])
                let stated = try decimal(row[cost])
                #expect(product == stated)
            }
        }
    }

    private func events(_ log: MemoryLog) throws -> [UInt64: RequestCompleted] {
        var events: [UInt64: RequestCompleted] = [:]
        try log.scan(from: 1, through: log.head) { sequence, record in
            if case .requestCompleted(let event) = try EventCodec.decode(record) { events[sequence] = event }
            return true
        }
        return events
    }

    @Test func rowsOfARequestAreWhatItWasCharged() throws {
        // Prices of which most products are no whole picodollars.
        let log = MemoryLog(Traffic.history(600, book: try Traffic.book("0.000333777", "0.0101010101")))
        let rows = try rows(log)
        try check(rows)
        let bySequence = Dictionary(grouping: rows) { UInt64($0["x_Sequence"] ?? "") ?? 0 }
        var charged = 0
        for (sequence, event) in try events(log) {
            let own = bySequence[sequence] ?? []
            let sum = try own.reduce(Int64(0)) { $0 + (try picodollars($1["BilledCost"])) }
            #expect(sum == event.cost.amount.picodollars)
            #expect(own.isEmpty == (event.cost.state == .none))
            charged += event.cost.state == .priced ? 1 : 0
            for row in own {
                #expect(row["x_RequestId"] == event.id.text)
                #expect(row["SubAccountId"] == event.client)
                #expect(row["x_CostState"] == event.cost.state.name)
                #expect((row["ListUnitPrice"] == "") == (event.cost.state == .unpriced))
            }
        }
        #expect(charged > 200)
    }

    @Test func hoursUsesAndFactorsAreExact() throws {
        var prices = PriceTable()
        prices[.inputText] = try Rate("2.5")
        prices[.audioInputMilliseconds] = try Rate("0.2")
        prices[.webSearches] = try Rate("0.01")
        let row = PriceRow(provider: "openai", match: .exact("gpt-4o"), prices: prices)
        let book = try PriceBook(
            rows: [row],
            groupMultipliers: ["openai": try Multiplier("1.1")],
            clientMultipliers: ["alice": try Multiplier("0.3333")]
        )
        let pricer = Pricer(book: book, revision: 1)
        var events: [Event] = [Traffic.adopted(1, book)]
        for milliseconds in [1, 7, 1_000, 3_599_999, 3_600_000] {
            var event = RequestCompleted(
                id: RequestID(high: 1, low: UInt64(milliseconds)),
                time: Traffic.start,
                group: "openai",
                provider: "openai"
            )
            event.client = "alice"
            event.modelReported = "gpt-4o"
            event.usage.counts[.inputText] = 13
            event.usage.counts[.audioInputMilliseconds] = Int64(milliseconds)
            event.usage.counts[.webSearches] = 3
            event.cost = pricer.cost(of: event.usage, for: Traffic.query(event))
            #expect(event.cost.state == .priced)
            events.append(.requestCompleted(event))
        }
        let log = MemoryLog(events)
        let rows = try rows(log)
        try check(rows)
        #expect(rows.count == 15)
        for (sequence, event) in try self.events(log) {
            let own = rows.filter { $0["x_Sequence"] == String(sequence) }
            let sum = try own.reduce(Int64(0)) { $0 + (try picodollars($1["BilledCost"])) }
            #expect(sum == event.cost.amount.picodollars)
            let tokens = try #require(own.first { $0["SkuMeter"] == "input" })
            #expect(tokens["ListUnitPrice"] == "0.0000025")
            #expect(tokens["ContractedUnitPrice"] == "0.000000916575")
            #expect(tokens["ListCost"] == "0.0000325")
            #expect(tokens["SkuId"] == "gpt-4o/input")
            #expect(tokens["SkuPriceId"] == "1/0/input/0.0000025")
            #expect(tokens["PricingUnit"] == "Tokens")
            let audio = try #require(own.first { $0["SkuMeter"] == "audio_input_hour" })
            #expect(audio["PricingUnit"] == "Hours")
            #expect(audio["ConsumedUnit"] == "Milliseconds")
            #expect(own.first { $0["SkuMeter"] == "web_search" }?["ListCost"] == "0.03")
        }
    }

    /// A book that does not lead to what was charged: the amount stays, it is only not taken apart.
    @Test func whatCannotBeTakenApartIsOneRow() throws {
        let book = try Traffic.book("2.5", "10")
        var random = Seeded(3)
        var event = Traffic.request(1, &random, Pricer(book: book, revision: 1))
        event.modelReported = "gpt-4o"
        event.usage.counts[.inputText] = 100
        event.cost = Cost(state: .priced, amount: Money(picodollars: 12_345), priceBook: 1, row: 0)
        let log = MemoryLog([Traffic.adopted(1, book), .requestCompleted(event)])
        let rows = try rows(log)
        try check(rows)
        #expect(rows.count == 1)
        #expect(rows[0]["BilledCost"] == "0.000000012345")
        #expect(rows[0]["ListUnitPrice"] == "")
        #expect(rows[0]["PricingUnit"] == "Requests")
    }

    @Test func periodsAreWholeHoursAndMonths() throws {
        let book = try Traffic.book("2.5", "10")
        var random = Seeded(3)
        var event = Traffic.request(1, &random, nil)
        event.time = try #require(Timestamp.parse("2026-12-31T23:59:59.999999Z"))
        event.usage.counts[.inputText] = 1
        let row = try #require(try rows(MemoryLog([Traffic.adopted(1, book), .requestCompleted(event)])).first)
        #expect(row["ChargePeriodStart"] == "2026-12-31T23:00:00Z")
        #expect(row["ChargePeriodEnd"] == "2027-01-01T00:00:00Z")
        #expect(row["BillingPeriodStart"] == "2026-12-01T00:00:00Z")
        #expect(row["BillingPeriodEnd"] == "2027-01-01T00:00:00Z")
    }
}

@Suite struct CloudEventTests {
    @Test func everyEventHasAnEnvelope() throws {
        let log = MemoryLog(Traffic.history(60, book: try Traffic.book("2.5", "10")))
        var bytes: [UInt8] = []
        try ExportRun(Export(format: .cloudevents, from: 2, through: log.head), of: log).run {
            bytes += $0
            return true
        }
        let lines = bytes.split(separator: 0x0a)
        #expect(lines.count == Int(log.head) - 1)
        for (index, line) in lines.enumerated() {
            let object = try #require(try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any])
            let data = try #require(object["data"] as? [String: Any])
            #expect(object["specversion"] as? String == "1.0")
            #expect(object["id"] as? String == String(index + 2))
            #expect(object["source"] as? String == log.origin)
            #expect(object["type"] as? String == "dev.tollgate.\(data["type"] as? String ?? "").v\(Schema.current)")
            #expect(object["sequence"] as? String == String(format: "%020d", index + 2))
            #expect(object["time"] as? String == data["time"] as? String)
            let client = data["client"] as? String
            #expect(object["subject"] as? String == (client == "" ? nil : client))
        }
    }
}
