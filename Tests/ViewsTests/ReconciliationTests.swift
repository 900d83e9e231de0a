import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct ReconciliationTests {
    private let log: MemoryLog
    private let days: Range<Int64>

    init() throws {
        log = MemoryLog(Traffic.history(600, book: try Traffic.book("2.5", "10")))
        let day = Timestamp.floorDivide(Traffic.start, Timestamp.day)
        days = day..<(day + 400)
    }

    private func usage(provider: String? = "openai", groups: Set<String> = []) throws -> DailyUsage {
        try #require(
            try DailyUsage(scanning: log, days: days, provider: provider, groups: groups, newestBook: 3)
        )
    }

    /// The bill that a provider without errors would write.
    private func bill(_ usage: DailyUsage, change: (DailyUsage.Key) -> Int = { _ in 0 }) throws -> Bill {
        var text = "date,model,requests,input,cache_read,output,cost_usd\n"
        for (key, row) in usage.rows {
            let output = row.figures[.output] + Int128(change(key))
            let cost = MoneyTotal(picodollars: row.figures[.cost]).dollars
            text += "\(Timestamp.dayText(key.day)),\(key.model)-2026-01-31,\(row.figures[.requests]),"
            text += "\(row.figures[.input]),\(row.figures[.cacheRead]),\(output),\(cost)\n"
        }
        return try BillReader.read(Array(text.utf8))
    }

    @Test func theLedgersSideIsTheSumOfItsEvents() throws {
        let usage = try usage()
        var money = MoneyTotal()
        var output: Int64 = 0
        var answered = 0
        try log.scan(from: 1, through: log.head) { _, record in
            guard case .requestCompleted(let event) = try EventCodec.decode(record) else { return true }
            money += event.cost.amount
            output += event.usage.counts.total(.output) ?? 0
            answered += event.status == 200 ? 1 : 0
            return true
        }
        #expect(usage.rows.values.reduce(0) { $0 + $1.figures[.cost] } == money.picodollars)
        #expect(usage.rows.values.reduce(0) { $0 + $1.figures[.output] } == Int128(output))
        #expect(usage.rows.values.reduce(0) { $0 + $1.figures[.requests] } == Int128(answered))
        // The same book without multipliers says the same.
        #expect(usage.rows.values.reduce(0) { $0 + $1.list.picodollars } == money.picodollars)
        #expect(try self.usage(provider: "anthropic").rows.isEmpty)
        let backup = try self.usage(provider: nil, groups: ["backup"])
        #expect(backup.rows.values.reduce(0) { $0 + $1.figures[.requests] } < Int128(answered))
        #expect(DailyUsage(json: usage.render()) == usage)
        #expect(DailyUsage(json: Array("{}".utf8)) == nil)
    }

    @Test func aTrueBillAgrees() throws {
        let usage = try usage()
        let result = Reconciliation(try bill(usage), with: usage)
        #expect(result.agrees)
        #expect(!result.rows.isEmpty)
        #expect(String(decoding: result.render(.table), as: UTF8.self).contains("agree."))
    }

    @Test func oneTokenMoreIsFound() throws {
        let usage = try usage()
        let day = try #require(usage.rows.keys.map(\.day).min())
        let wrong = try bill(usage) { $0.day == day && $0.model == "gpt-4o" ? 1 : 0 }
        let result = Reconciliation(wrong, with: usage)
        #expect(!result.agrees)
        let different = result.rows.filter { $0.status != .agrees }
        #expect(different.map(\.key) == [Bill.Key(day: day, model: "gpt-4o")])
        let row = try #require(different.first)
        #expect(row.differing == [.output])
        #expect(row.ledger[.output] - row.bill[.output] == -1)
        #expect(Reconciliation(wrong, with: usage, tolerance: try .init(percent: "1%")).agrees)
        let json = try JSONSerialization.jsonObject(with: Data(result.render(.json))) as? [String: Any]
        #expect(json?["agrees"] as? Bool == false)
        let csv = String(decoding: result.render(.csv), as: UTF8.self).components(separatedBy: "\r\n")
        #expect(csv.count == result.rows.count * 5 + 2)
        #expect(csv.contains { $0.contains("gpt-4o,differs,output") && $0.hasSuffix(",-1") })
    }

    @Test func whatOnlyOneSideHasIsNamed() throws {
        var usage = try usage()
        var bill = try bill(usage)
        let keys = bill.lines.keys.sorted()
        let first = try #require(keys.first)
        bill.lines[first] = nil
        bill.lines[Bill.Key(day: first.day, model: "o9")] = {
            var figures = Bill.Figures()
            figures[.input] = 5
            return figures
        }()
        let result = Reconciliation(bill, with: usage)
        #expect(result.rows.first { $0.key == first }?.status == .onlyInLedger)
        #expect(result.rows.first { $0.key.model == "o9" }?.status == .onlyOnBill)
        usage = DailyUsage()
        #expect(Reconciliation(bill, with: usage).rows.allSatisfy { $0.status == .onlyOnBill })
    }

    @Test func aBillWithoutModelsIsComparedByDay() throws {
        let usage = try usage()
        var sums: [Int64: Int128] = [:]
        for (key, row) in usage.rows { sums[key.day, default: 0] += row.figures[.cost] }
        var text = "date,cost_usd\n"
        for (day, sum) in sums { text += "\(Timestamp.dayText(day)),\(MoneyTotal(picodollars: sum).dollars)\n" }
        let result = Reconciliation(try BillReader.read(Array(text.utf8)), with: usage)
        #expect(result.agrees)
        #expect(result.rows.count == sums.count)
        #expect(result.total.unpriced > 0)
        #expect(String(decoding: result.render(.table), as: UTF8.self).contains("have no price"))
    }

    @Test(arguments: ["x", "-1", "101", "0.00001", ""])
    func whatIsNoToleranceIsRefused(text: String) {
        #expect(throws: ViewError.self) { try Reconciliation.Tolerance(percent: text) }
    }
}
