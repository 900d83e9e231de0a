import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct MetricsTests {
    private func state(_ events: [Event]) throws -> ViewState {
        let service = try ViewService(source: MemoryLog(events))
        defer { service.close() }
        return service.readBlocking { $0 }
    }

    private static let nasty = [
        "", "quote\"", "back\\slash", "new\nline", "} 1\nfake_metric 2", "käse 漢字 🙂", "\u{0}\r\t", "a,b=\"c\"",
        String(repeating: "x", count: 5_000),
    ]

    /// Names, labels, values and the order of lines, as the text format's description has them.
    private func check(_ page: String, openMetrics: Bool) throws {
        #expect(page.hasSuffix(openMetrics ? "# EOF\n" : "\n"))
        let sample = try Regex(
            #"^[a-zA-Z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_][a-zA-Z0-9_]*="([^"\\\n]|\\[\\"n])*"(,|(?=\})))*\})? [-+0-9.eInf]+$"#
        )
        var family = ""
        var families = Set<String>()
        var series = Set<String>()
        for line in page.split(separator: "\n", omittingEmptySubsequences: false).dropLast() {
            if line == "# EOF" { continue }
            if line.hasPrefix("# TYPE ") {
                family = String(line.split(separator: " ")[2])
                #expect(families.insert(family).inserted)
            } else if !line.hasPrefix("#") {
                #expect(line.wholeMatch(of: sample) != nil, "\(line)")
                #expect(line.hasPrefix(family))
                let name = line.prefix { $0 != " " || !line.contains("}") }
                #expect(series.insert(String(line[..<(line.lastIndex(of: " ") ?? line.endIndex)])).inserted, "\(name)")
            }
        }
    }

    @Test(arguments: [MetricsRenderer.Format.text, .openMetrics])
    func thePageIsWellFormedWhateverTheLabels(format: MetricsRenderer.Format) throws {
        var random = Seeded(2)
        var events: [Event] = []
        for text in Self.nasty {
            var event = Traffic.request(1, &random, nil)
            event.group = text
            event.modelSent = text
            event.modelRequested = text
            event.modelReported = nil
            event.attempts[0].upstream = text
            events.append(.requestCompleted(event))
        }
        var runtime = RuntimeSample()
        runtime.inFlight = [("a\"b", 1)]
        runtime.keys = [("a\\b", "ok", 2)]
        runtime.commitBuckets = [(0.001, 3), (0.01, 5)]
        runtime.ledgerBatches = 6
        runtime.checkpointAge = 0.25
        runtime.process = ProcessSample.now()
        let renderer = MetricsRenderer(format: format, compatibility: [.gptLoad, .genAI])
        let page = String(decoding: renderer.render(try state(events), runtime), as: UTF8.self)
        try check(page, openMetrics: format == .openMetrics)
        #expect(page.contains("model=\"quote\\\"\""))
        #expect(page.contains("model=\"new\\nline\""))
        #expect(!page.contains("\nfake_metric"))
        #expect(page.contains("model=\"unknown\""))
    }

    @Test func moneyAndTokensAreExact() throws {
        let book = try Traffic.book("2.5", "10")
        var random = Seeded(6)
        var event = Traffic.request(1, &random, nil)
        event.group = "openai"
        event.modelSent = "gpt-4o"
        event.modelReported = "gpt-4o"
        event.usage.counts = UsageCounts()
        event.usage.counts[.inputText] = 93
        event.usage.counts[.cacheReadText] = 1024
        event.usage.counts[.outputText] = 46
        event.cost = Cost(state: .priced, amount: Money(picodollars: 1_972_500_001), priceBook: 1)
        let state = try state([Traffic.adopted(1, book), .requestCompleted(event)])
        let page = String(
            decoding: MetricsRenderer(compatibility: [.gptLoad]).render(state),
            as: UTF8.self
        )
        for line in [
            #"tollgate_requests_total{group="openai",model="gpt-4o",operation="chat",outcome="completed",status="200"} 1"#,
            #"tollgate_tokens_total{group="openai",model="gpt-4o",type="input_text"} 93"#,
            #"tollgate_tokens_total{group="openai",model="gpt-4o",type="cache_read"} 1024"#,
            #"tollgate_tokens_total{group="openai",model="gpt-4o",type="output_text"} 46"#,
            #"tollgate_cost_usd_total{group="openai",model="gpt-4o"} 0.001972500001"#,
            #"gpt_load_requests_total{group="openai",model="gpt-4o"} 1"#,
            #"gpt_load_tokens_total{type="prompt",group="openai",model="gpt-4o"} 1117"#,
            #"gpt_load_tokens_total{type="completion",group="openai",model="gpt-4o"} 46"#,
            #"gpt_load_tokens_total{type="total",group="openai",model="gpt-4o"} 1163"#,
            #"gpt_load_cost_total{group="openai",model="gpt-4o"} 0.001972500001"#,
        ] {
            #expect(page.contains("\n" + line + "\n"), "\(line)")
        }
    }

    @Test func openMetricsNamesItsCounters() throws {
        let state = try state(Traffic.history(20, book: try Traffic.book("1", "1")))
        let page = String(decoding: MetricsRenderer(format: .openMetrics).render(state), as: UTF8.self)
        #expect(page.contains("# TYPE tollgate_requests counter\n"))
        #expect(page.contains("\ntollgate_requests_total{"))
        #expect(page.contains("\ntollgate_requests_created{"))
        #expect(MetricsRenderer.Format(accept: "application/openmetrics-text; version=1.0.0;q=1") == .openMetrics)
        #expect(MetricsRenderer.Format(accept: nil) == .text)
    }

    @Test func theProcessKnowsItself() {
        let sample = ProcessSample.now()
        #expect(sample.residentBytes > 1_000_000)
        #expect(sample.openFiles > 2)
        #expect(sample.fileLimit > 0)
        #expect(sample.startTime > 1_600_000_000)
    }
}
