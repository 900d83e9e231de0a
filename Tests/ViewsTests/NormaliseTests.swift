import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct NormaliseTests {
    private static let raw = Array(#"{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163}"#.utf8)

    /// Requests that an older reader took for 5 tokens of input and 5 of output each.
    private func misread(_ number: Int, from first: Int = 0, normaliser: UInt8? = nil) throws -> [Event] {
        var random = Seeded(UInt64(first + 7))
        let pricer = Pricer(book: try Traffic.book("1", "2"), revision: 1)
        return (first..<(first + number)).map { index in
            var event = Traffic.request(index * 13 + 1, &random, nil)
            event.group = "openai"
            event.modelRequested = "gpt-4o"
            event.modelSent = "gpt-4o"
            event.modelReported = "gpt-4o"
            event.usage.counts = UsageCounts()
            event.usage.counts[.inputText] = 5
            event.usage.counts[.outputText] = 5
            event.usage.raw = Self.raw
            event.normaliser = normaliser
            event.cost = pricer.cost(of: event.usage, for: Traffic.query(event))
            return .requestCompleted(event)
        }
    }

    private func history() throws -> [Event] {
        try Traffic.history(0, book: Traffic.book("1", "2")) + misread(4)
            + misread(3, from: 50, normaliser: UsageReading.version)
    }

    private func counters(_ state: ViewState) -> [Substring] {
        let text = MetricsRenderer(format: .text, compatibility: [.gptLoad]).render(state, RuntimeSample())
        return String(decoding: text, as: UTF8.self).split(separator: "\n").filter {
            $0.contains("_total") && !$0.contains("restated")
        }
    }

    private func total(_ state: ViewState) throws -> Sums {
        try #require(Report(try ReportQuery(by: "model"), from: state)).total
    }

    @Test func aNewReadingMovesTokensAndRestatedMoneyAndNothingElse() throws {
        let views = try ViewService(source: MemoryLog(try history()))
        defer { views.close() }
        let before = views.readBlocking { $0 }
        #expect(before.normaliser == 0)
        let stored = try total(before)
        #expect(stored.input == 7 * 5)
        #expect(stored.restated == stored.charged)

        #expect(try views.rebuild(normalises: true))
        let after = views.readBlocking { $0 }
        #expect(after.normaliser == UsageReading.version)
        // What the present reader made is not read again.
        #expect(after.reread == 4)
        let read = try total(after)
        #expect(read.input == 4 * 1117 + 3 * 5)
        #expect(read.output == 4 * 46 + 3 * 5)
        #expect(read.charged == stored.charged)
        #expect(read.requests == stored.requests)
        // A dollar for a million of input, two for a million of output.
        #expect(read.restated.dollars == "0.004881")
        #expect(counters(after) == counters(before))
        #expect(counters(before).contains { $0.hasPrefix("tollgate_tokens_total") && $0.hasSuffix(" 35") })

        let pass = try Report(try ReportQuery(by: "model"), scanning: MemoryLog(try history()), normalises: true)
        #expect(pass?.total == read)

        #expect(try views.rebuild())
        #expect(views.readBlocking { $0 }.encode() == before.encode())
    }

    @Test func theLiveFoldGoesOnAsTheRebuildDoes() throws {
        let log = MemoryLog(try history())
        let views = try ViewService(source: log)
        defer { views.close() }
        #expect(try views.rebuild(normalises: true))
        log.append(try misread(2, from: 100) + misread(1, from: 120, normaliser: UsageReading.version))
        log.append([Traffic.adopted(2, try Traffic.book("3", "4"))])
        log.append(try misread(1, from: 140))
        var live = views.readBlocking { $0 }
        while !live.isRestated { live = views.readBlocking { $0 } }
        #expect(live.reread == 7)
        #expect(try views.rebuild(normalises: true))
        #expect(views.readBlocking { $0 }.encode() == live.encode())
    }

    @Test func aRestartKeepsTheReading() throws {
        let folder = try TemporaryFolder()
        defer { withExtendedLifetime(folder) {} }
        let log = MemoryLog(try history())
        let options = ViewService.Options(directory: folder.path)
        let first = try ViewService(source: log, options: options)
        #expect(try first.rebuild(normalises: true))
        let before = first.readBlocking { $0 }
        first.close()
        let second = try ViewService(source: log, options: options)
        defer { second.close() }
        #expect(second.snapshotRefusal == nil)
        #expect(second.readBlocking { $0 }.encode() == before.encode())
    }

    @Test func recordsOfVersion1AreReadAgain() throws {
        let log = MemoryLog()
        log.append(raw: try SchemaVersionTests.golden())
        let views = try ViewService(source: log)
        defer { views.close() }
        let charged = try total(views.readBlocking { $0 }).charged
        #expect(try views.rebuild(normalises: true))
        let state = views.readBlocking { $0 }
        #expect(state.reread > 0)
        #expect(try total(state).charged == charged)
    }
}
