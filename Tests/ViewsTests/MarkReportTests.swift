import Accounting
import Events
import Testing
import Views

@Suite struct MarkReportTests {
    private func log() throws -> MemoryLog {
        let book = try Traffic.book("2.5", "10")
        var number = 0
        let events = Traffic.history(120, book: book).map { event -> Event in
            guard case .requestCompleted(var request) = event else { return event }
            number += 1
            if number % 3 != 0 { request.tags.add(name: "team", value: number % 2 == 0 ? "search" : "ads") }
            request.tags.add(name: "env", value: "prod")
            if number % 5 == 0 { request.session = "s-\(number % 10)" }
            return .requestCompleted(request)
        }
        return MemoryLog(events)
    }

    private func report(_ by: String, where filters: [String] = []) throws -> Report {
        let query = try ReportQuery(by: by, filters: filters)
        return try #require(try Report(query, scanning: try log()))
    }

    @Test func requestsAreSummedByWhatClientsSay() throws {
        let report = try report("tag.team")
        #expect(
            Dictionary(uniqueKeysWithValues: report.rows.map { ($0.key[0], $0.sums.requests) }) == [
                "": 40, "search": 40, "ads": 40,
            ]
        )
        let plain = try self.report("model")
        #expect(report.total == plain.total)
        #expect(try self.report("tag.env").rows.map(\.key) == [["prod"]])
        #expect(try self.report("tag.other").rows.map(\.key) == [[""]])
    }

    @Test func marksGoWithOtherColumnsAndConditions() throws {
        let both = try report("client,tag.team")
        for client in try report("client").rows {
            let parts = both.rows.filter { $0.key[0] == client.key[0] }
            #expect(parts.reduce(0) { $0 + $1.sums.requests } == client.sums.requests)
        }
        let some = try report("model", where: ["tag.team=ads", "session=s-5"])
        let all = try report("tag.team,session,model")
        let expected = all.rows.filter { $0.key.starts(with: ["ads", "s-5"]) }.reduce(0) { $0 + $1.sums.requests }
        #expect(some.total.requests == expected)
        #expect(expected > 0)
        #expect(try report("client", where: ["tag.team=search"]).total.requests == 40)
    }

    @Test func viewsLeaveMarksToTheLedger() throws {
        let views = try ViewService(source: try log())
        defer { views.close() }
        let query = try ReportQuery(by: "tag.team")
        #expect(views.readBlocking { Report(query, from: $0) } == nil)
        #expect(throws: ViewError.self) { try ReportQuery(by: "tag.") }
        #expect(throws: ViewError.self) { try ReportQuery(by: "tag.Team") }
        #expect(try ReportQuery(by: "session").by == [.session])
    }
}
