import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct FoldTests {
    private func state(_ log: MemoryLog) throws -> ViewState {
        let service = try ViewService(source: log)
        defer { service.close() }
        return service.readBlocking { $0 }
    }

    @Test func sumsAreThoseOfTheEvents() throws {
        let events = Traffic.history(500, book: try Traffic.book("2.5", "10"))
        let state = try state(MemoryLog(events))
        var charged = MoneyTotal()
        var input: Int64 = 0
        var requests: UInt64 = 0
        var unpriced: UInt64 = 0
        for case .requestCompleted(let event) in events {
            charged += event.cost.amount
            input += event.usage.counts.total(.input) ?? 0
            requests += 1
            if event.cost.state == .unpriced { unpriced += 1 }
        }
        #expect(state.total.charged == charged)
        #expect(charged.picodollars > 0)
        #expect(state.total.input == input)
        #expect(state.total.requests == requests)
        #expect(state.total.unpriced == unpriced)
        #expect(unpriced > 0)
        #expect(state.total.restated == charged)
        #expect(state.isRestated)
    }

    @Test func liveInPiecesAndRebuiltGiveTheSameBytes() throws {
        let first = try Traffic.book("2.5", "10")
        let second = try Traffic.book("1.25", "5")
        var events = Traffic.history(300, book: first)
        events.append(Traffic.adopted(2, second))
        events += Traffic.history(200, seed: 9, book: second).dropFirst(3)
        events.append(Traffic.adopted(3, first))
        let log = MemoryLog()
        let live = try ViewService(source: log)
        for event in events {
            log.append([event])
            _ = live.readBlocking { $0.sequence }
        }
        let before = live.readBlocking { $0.encode() }
        #expect(try live.rebuild())
        #expect(live.readBlocking { $0.encode() } == before)
        live.close()
        #expect(try state(MemoryLog(events)).encode() == before)
        let decoded = try ViewState(decoding: before)
        #expect(decoded.encode() == before)
    }

    @Test func asChargedStaysWhateverIsAdopted() throws {
        let log = MemoryLog(Traffic.history(200, book: try Traffic.book("2.5", "10")))
        let service = try ViewService(source: log)
        defer { service.close() }
        let before = service.readBlocking { $0.total }
        for (revision, price) in [(UInt32(2), "1.25"), (3, "5"), (4, "2.5")] {
            log.append([Traffic.adopted(revision, try Traffic.book(price, "10"))])
            let after = service.readBlocking { ($0.total, $0.isRestated, $0.bookRevision) }
            #expect(after.0.charged == before.charged)
            #expect(after.0.unpriced == before.unpriced)
            #expect(after.1 && after.2 == revision)
            if price == "2.5" {
                #expect(after.0.restated == before.restated)
            } else {
                #expect(after.0.restated != before.restated)
            }
        }
    }

    /// The clock goes back an hour, or leaps ten years and returns: the order is that of the ledger, and no sum changes.
    @Test(arguments: [-3_600_000_000, 315_576_000_000_000] as [Int64])
    func aClockThatLeapsChangesNoSum(leap: Int64) throws {
        let events = Traffic.history(300, book: try Traffic.book("2.5", "10"))
        let moved = events.enumerated().map { index, event -> Event in
            guard (100..<200).contains(index), case .requestCompleted(var request) = event else { return event }
            request.time += leap
            return .requestCompleted(request)
        }
        let plain = try state(MemoryLog(events))
        let log = MemoryLog(moved)
        let service = try ViewService(source: log)
        defer { service.close() }
        let leapt = service.readBlocking { $0 }
        #expect(leapt.sequence == plain.sequence)
        #expect(leapt.total.charged == plain.total.charged)
        #expect(leapt.total.requests == plain.total.requests)
        #expect(leapt.total.input == plain.total.input)
        #expect(leapt.total.unpriced == plain.total.unpriced)
        // The hours before and after are all still there.
        let byHour = try ReportQuery(by: "hour")
        let hours = try #require(Report(byHour, from: leapt))
        #expect(hours.total == leapt.total)
        #expect(try service.rebuild())
        #expect(service.readBlocking { $0.encode() } == leapt.encode())
    }

    @Test func startedRequestsStayOpenUntilTheyEnd() throws {
        var random = Seeded(3)
        let request = Traffic.request(5, &random, nil)
        let started = RequestStarted(
            id: request.id,
            time: request.time,
            group: "openai",
            client: "alice",
            provider: "openai",
            operation: 1,
            model: "gpt-4o"
        )
        let other = RequestStarted(
            id: RequestID(high: 1, low: 2),
            time: request.time,
            group: "openai",
            client: "alice",
            provider: "openai",
            operation: 1,
            model: "gpt-4o"
        )
        let log = MemoryLog([.requestStarted(started), .requestStarted(other)])
        #expect(try state(log).open == [request.id: 1, other.id: 2])
        log.append([.requestCompleted(request)])
        #expect(try state(log).open == [other.id: 2])
        log.append([.requestInterrupted(RequestInterrupted(started: other, time: request.time))])
        let end = try state(log)
        #expect(end.open.isEmpty)
        #expect(end.total.requests == 2)
        #expect(end.total.errors == 1)
    }

    @Test func seriesBeyondTheCapAreOther() throws {
        var random = Seeded(5)
        let log = MemoryLog()
        for number in 0..<2_600 {
            var event = Traffic.request(1, &random, nil)
            event.modelSent = "model-\(number)"
            event.modelRequested = nil
            log.append([.requestCompleted(event)])
        }
        let state = try state(log)
        #expect(state.total.requests == 2_600)
        let page = String(decoding: MetricsRenderer().render(state), as: UTF8.self)
        let series = page.split(separator: "\n").filter { $0.hasPrefix("tollgate_requests_total{") }
        #expect(series.count <= ViewState.seriesCap + 6)
        #expect(series.contains { $0.contains("model=\"other\"") && $0.hasSuffix(" 600") })
        #expect(try ViewState(decoding: state.encode()).encode() == state.encode())
    }

    @Test func aRecordThatCannotBeReadStopsTheViewInWords() throws {
        let log = MemoryLog(Traffic.history(10, book: try Traffic.book("1", "1")))
        log.append(raw: [[9, 6, 1, 2, 3]])
        let service = try ViewService(source: log)
        defer { service.close() }
        #expect(service.readBlocking { $0.sequence } == 13)
        #expect(service.failure?.contains("newer Tollgate") == true)
        #expect(service.lag == 1)
    }

    @Test func damagedRecordsNeverTrapTheFold() throws {
        let events = Traffic.history(3, book: try Traffic.book("1", "1"))
        let record = EventCodec.encode(events[4])
        for bit in 0..<(record.count * 8) {
            var damaged = record
            damaged[bit / 8] ^= 1 << UInt8(bit % 8)
            let log = MemoryLog(Array(events[..<3]))
            log.append(raw: [damaged])
            let service = try ViewService(source: log)
            _ = service.readBlocking { MetricsRenderer().render($0).count }
            service.close()
        }
    }

    /// Hours are kept of the newest 35 days with requests, in whatever order the days come.
    @Test func hoursAreForgottenAfterAWhileAndDaysAreNot() throws {
        var random = Seeded(8)
        let requests = (0..<36).map { day -> Event in
            var request = Traffic.request(1, &random, nil)
            request.time = Traffic.start + Int64(day) * 2 * Timestamp.day
            return .requestCompleted(request)
        }
        let byHour = try ReportQuery(by: "hour", since: nil)
        #expect(Report(byHour, from: try state(MemoryLog(Array(requests.dropLast()))))?.rows.count == 35)
        let whole = try state(MemoryLog(requests))
        #expect(Report(byHour, from: whole) == nil)
        let recent = try ReportQuery(by: "hour", since: "2026-11-25")
        let byDay = try #require(Report(try ReportQuery(by: "day"), from: whole))
        #expect(byDay.rows.count == 36)
        for order in [Array(requests.reversed()), requests.shuffled(using: &random)] {
            let other = try state(MemoryLog(order))
            #expect(Report(byHour, from: other) == nil)
            #expect(Report(recent, from: other) == Report(recent, from: whole))
            #expect(other.total == whole.total)
        }
    }
}
