import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct QueryTests {
    private func log(_ number: Int = 400) throws -> MemoryLog {
        MemoryLog(Traffic.history(number, book: try Traffic.book("2.5", "10")))
    }

    private func state(_ log: MemoryLog) throws -> ViewState {
        let service = try ViewService(source: log)
        defer { service.close() }
        return service.readBlocking { $0 }
    }

    private func requests(_ log: MemoryLog) throws -> [RequestCompleted] {
        var all: [RequestCompleted] = []
        try log.scan(from: 1, through: log.head) { _, record in
            if case .requestCompleted(let event) = try EventCodec.decode(record) { all.append(event) }
            return true
        }
        return all
    }

    @Test(arguments: ["model", "client", "group", "operation", "hour", "day", "month", "model,client", ""])
    func aReportAgreesWithTheEventsToThePicodollar(by: String) throws {
        let log = try log()
        let query = try ReportQuery(by: by, filters: ["group=openai"])
        let report = try #require(Report(query, from: try state(log)))
        let scanned = try #require(try Report(query, scanning: log))
        #expect(report == scanned)
        var sums: [[String]: Sums] = [:]
        for event in try requests(log) where event.group == "openai" {
            let time = Timestamp.text(event.time)
            let key = query.by.map { (column) -> String in
                switch column {
                case .model: event.modelSent ?? ""
                case .client: event.client
                case .group: event.group
                case .operation: EventNames.operation(event.operation)
                case .hour: String(time.prefix(13)) + ":00Z"
                case .day: String(time.prefix(10))
                case .month: String(time.prefix(7))
                default: "?"
                }
            }
            sums[key, default: Sums()].charged += event.cost.amount
            sums[key, default: Sums()].requests += 1
            sums[key, default: Sums()].output += event.usage.counts.total(.output) ?? 0
        }
        #expect(report.rows.count == sums.count)
        for row in report.rows {
            #expect(row.sums.charged == sums[row.key]?.charged)
            #expect(row.sums.restated == row.sums.charged)
            #expect(row.sums.requests == sums[row.key]?.requests)
            #expect(row.sums.output == sums[row.key]?.output)
        }
        let money = report.rows.reduce(into: MoneyTotal()) { $0 += $1.sums.charged }
        #expect(money == report.total.charged)
    }

    @Test func timesNotOnTheHourAreReadFromTheLedger() throws {
        let log = try log()
        let query = try ReportQuery(by: "model", since: "2026-11-23T08:30:00.5Z", until: "2026-11-23T10:00:00Z")
        #expect(Report(query, from: try state(log)) == nil)
        let report = try #require(try Report(query, scanning: log))
        let since = try #require(query.since)
        let until = try #require(query.until)
        let expected = try requests(log).filter { $0.time >= since && $0.time < until }
        #expect(!expected.isEmpty)
        #expect(report.total.requests == UInt64(expected.count))
    }

    @Test(arguments: Report.Format.allCases)
    func everyFormatIsWellFormed(format: Report.Format) throws {
        var random = Seeded(4)
        var event = Traffic.request(1, &random, nil)
        event.modelSent = "=evil|\u{1b}[31m,\"x\""
        let log = try log(20)
        log.append([.requestCompleted(event)])
        let report = try #require(Report(try ReportQuery(by: "model,day", top: 3), from: try state(log)))
        let bytes = report.render(format)
        let text = String(decoding: bytes, as: UTF8.self)
        switch format {
        case .json:
            let object = try JSONSerialization.jsonObject(with: Data(bytes)) as? [String: Any]
            #expect((object?["rows"] as? [Any])?.count == 3)
        case .csv: #expect(text.components(separatedBy: "\r\n").count == 5)
        case .table, .md:
            #expect(!text.contains("\u{1b}"))
            #expect(text.contains("total"))
        }
    }

    @Test func whatIfStandsBesideTheOtherTwoMoneys() throws {
        let log = try log()
        let whole = try #require(Report(try ReportQuery(by: "model"), from: try state(log)))
        var report = try #require(Report(try ReportQuery(by: "model", top: 2), from: try state(log)))
        let isWhole = try report.add(whatIf: try Traffic.book("5", "20"), scanning: log)
        #expect(isWhole)
        for row in report.rows {
            #expect(row.sums.restated == row.sums.charged)
            let doubled = row.sums.charged.picodollars * 2
            #expect(report.whatIf?[row.key].restated.picodollars == doubled)
        }
        #expect(report.whatIf?.total.restated.picodollars == whole.total.charged.picodollars * 2)
        let object = try JSONSerialization.jsonObject(with: Data(report.render(.json))) as? [String: Any]
        let total = object?["total"] as? [String: Any]
        #expect(total?["what_if_usd"] as? String == report.whatIf?.total.restated.dollars)
        #expect(String(decoding: report.render(.table), as: UTF8.self).contains("what if USD"))
        #expect(!String(decoding: whole.render(.table), as: UTF8.self).contains("what if USD"))
        let isEnded = try report.add(whatIf: .empty, scanning: log, progress: { _ in false })
        #expect(!isEnded)
    }

    @Test func questionsThatMakeNoSenseAreRefusedInWords() {
        #expect(throws: ViewError.self) { try ReportQuery(by: "colour") }
        #expect(throws: ViewError.self) { try ReportQuery(by: "model", since: "yesterday") }
        #expect(throws: ViewError.self) { try ReportQuery(by: "model", filters: ["model"]) }
        #expect(throws: ViewError.self) { try ReportQuery(by: "model", top: 0) }
    }

    private func text(_ export: Export, _ log: MemoryLog) throws -> [UInt8] {
        var text: [UInt8] = []
        try ExportRun(export, of: log).run { piece in
            text += piece
            return true
        }
        return text
    }

    @Test func linesAreCompleteAndInOrder() throws {
        let log = try log()
        let whole = try text(Export(format: .lines, through: log.head), log)
        let pieces = try text(Export(format: .lines, through: 100), log)
        #expect(try pieces + text(Export(format: .lines, from: 101, through: .max), log) == whole)
        let lines = whole.split(separator: 0x0a)
        #expect(lines.count == Int(log.head))
        for (index, line) in lines.enumerated() {
            let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            #expect(object?["seq"] as? Int == index + 1)
        }
        let csv = try text(Export(format: .csv, through: 13), log)
        #expect(String(decoding: csv, as: UTF8.self).components(separatedBy: "\r\n").count == 12)
        var count = 0
        try ExportRun(Export(format: .lines, through: log.head), of: log).run { _ in
            count += 1
            return false
        }
        #expect(count == 1)
    }

    @Test func aLogWithoutATreeHasNoVerifiableExport() throws {
        let log = try log(5)
        #expect(throws: ViewError.self) { try text(Export(through: log.head), log) }
    }

    @Test func inspectFindsBySequenceAndIdentity() throws {
        let log = try log()
        let books = try state(log).books
        let event = try #require(try requests(log).first { $0.cost.state == .priced })
        let byID = try Inspect(event.id.text, in: log, books: books)
        let found = try #require(byID.found.first)
        #expect(found.event == .requestCompleted(event))
        #expect(found.quote?.cost.amount == event.cost.amount)
        let bySequence = try Inspect(String(found.sequence), in: log, books: books)
        #expect(bySequence.render() == byID.render())
        let object = try JSONSerialization.jsonObject(with: Data(byID.render())) as? [String: Any]
        #expect((object?["price"] as? [Any])?.isEmpty == false)
        #expect(throws: ViewError.self) { try Inspect("999999", in: log, books: books) }
        #expect(throws: ViewError.self) { try Inspect("nonsense", in: log, books: books) }
        #expect(throws: ViewError.self) { try Inspect(RequestID(high: 1, low: 1).text, in: log, books: books) }
    }

    @Test func thePriceImpactIsWhatAdoptingWouldChange() throws {
        let log = try log()
        let before = try state(log)
        let book = try Traffic.book("1.25", "20")
        let impact = try #require(try PriceImpact(of: book, on: log))
        #expect(impact.total.current == before.total.restated)
        log.append([Traffic.adopted(2, book)])
        let after = try state(log)
        #expect(impact.total.proposed == after.total.restated)
        #expect(impact.total.charged == after.total.charged)
        let byModel = impact.byModel.reduce(into: MoneyTotal()) { $0 += $1.proposed }
        #expect(byModel == impact.total.proposed)
        #expect(impact.total.change == impact.total.proposed - impact.total.current)
        _ = try JSONSerialization.jsonObject(with: Data(impact.render()))
        let whatIf = try #require(
            try Report(try ReportQuery(by: "model"), scanning: log, whatIf: try Traffic.book("2.5", "10"))
        )
        #expect(whatIf.total.restated == before.total.restated)
    }
}
