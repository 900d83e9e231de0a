import Accounting
import Metering
import Testing

@Suite("Reading stored usage again")
struct NormaliserTests {
    @Test(arguments: Fixture.all)
    func givesWhatTheMeterGave(_ fixture: Fixture) throws {
        let facts = fixture.facts()
        guard !facts.usage.raw.isEmpty else { return }
        let again = try #require(
            UsageNormaliser.normalise(
                facts.usage,
                dialect: fixture.route.dialect,
                operation: fixture.route.operation,
                model: facts.model ?? fixture.modelAsked
            )
        )
        #expect(again == facts.usage)
    }

    @Test(.enabled(if: Exchange.isThere, "../shared/traffic/sample.jsonl.gz is not there"))
    func givesWhatTheMeterGaveForRecordedTraffic() throws {
        for exchange in try Exchange.all() {
            let facts = exchange.facts(cuts: [])
            guard !facts.usage.raw.isEmpty else { continue }
            let again = UsageNormaliser.normalise(
                facts.usage,
                dialect: exchange.route.dialect,
                operation: exchange.route.operation,
                model: facts.model ?? exchange.modelRequested
            )
            #expect(again == facts.usage, "\(exchange.name)")
        }
    }

    @Test func repairsWhatAnOlderReaderGotWrong() throws {
        var stored = Usage()
        stored.source = .stream
        stored.complete = true
        stored.counts[.inputText] = 999
        stored.counts[.webSearches] = 2
        stored.serviceTier = "batch"
        stored.raw = Array(#"{"prompt_tokens":10,"completion_tokens":5,"total_tokens":15}"#.utf8)
        let usage = try #require(
            UsageNormaliser.normalise(stored, dialect: .openai, operation: .chat, model: nil)
        )
        #expect(usage.counts[.inputText] == 10)
        #expect(usage.counts[.outputText] == 5)
        #expect(usage.counts[.webSearches] == 2)
        #expect(usage.serviceTier == "batch")
        #expect(usage.source == .stream)
        #expect(usage.complete)
    }

    @Test(arguments: ["", "{}", "[]", "[{}]", "[{\"prompt_tokens\":1},7]", "nonsense", "{\"prompt_tokens\":\"1\"}"])
    func whatSaysNothingIsLeftAlone(_ raw: String) {
        var stored = Usage()
        stored.raw = Array(raw.utf8)
        #expect(UsageNormaliser.normalise(stored, dialect: .auto, operation: .other, model: nil) == nil)
    }
}
