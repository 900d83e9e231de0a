import Accounting
import Metering
import Testing

@Suite("Answers by dialect")
struct FixtureTests {
    @Test(arguments: Fixture.all)
    func isReadRight(_ fixture: Fixture) {
        let facts = fixture.facts()
        let counts = facts.usage.counts
        #expect(counts.total(.input) == fixture.input)
        #expect(counts.total(.output) == fixture.output)
        if let read = fixture.cacheRead { #expect(counts.cacheRead == read) }
        if let written = fixture.cacheWrite { #expect(counts.cacheWrite == written) }
        if let reasoning = fixture.reasoning { #expect(counts[.outputReasoning] == reasoning) }
        #expect(facts.model == fixture.model)
        #expect(facts.usage.source == fixture.source)
        #expect(facts.usage.complete == (fixture.isComplete && fixture.source != .none))
        #expect(!facts.unreadable)
        #expect(facts.failedInside == fixture.fails)
        #expect(facts.usage.additional.map { $0.counts.total(.input) } == fixture.additional)
        #expect(facts.anomalies == fixture.anomalies)
        if let tier = fixture.tier { #expect(facts.usage.serviceTier == tier) }
        if let cost = fixture.cost { #expect(facts.usage.providerCost?.picodollars == cost) }
        for (unit, count) in fixture.others { #expect(counts[unit] == count, "\(unit)") }
    }

    @Test(arguments: Fixture.all)
    func cutsChangeNothing(_ fixture: Fixture) {
        let whole = fixture.facts()
        let length = fixture.bytes.count
        for cut in 1..<length { #expect(fixture.facts(cuts: [cut]) == whole, "cut at \(cut)") }
        #expect(fixture.facts(cuts: Array(1..<length)) == whole)
        for seed in 0..<20 {
            #expect(fixture.facts(cuts: randomCuts(5, of: length, seed: UInt64(seed))) == whole, "seed \(seed)")
        }
    }

    @Test(arguments: Fixture.all)
    func truncationNeverInvents(_ fixture: Fixture) {
        let bytes = fixture.bytes
        // Headers are whole before the body begins.
        guard fixture.headers.isEmpty else { return }
        for end in 0..<bytes.count {
            var meter = fixture.meter()
            feed(&meter, Array(bytes[..<end]), cuts: [])
            let facts = meter.finish(.cut)
            // What is called complete must be the whole truth.
            if facts.usage.complete, fixture.input != nil {
                #expect(facts.usage.counts.total(.input) == fixture.input, "cut at \(end)")
            }
        }
    }

    @Test(arguments: Fixture.all)
    func damageNeverTraps(_ fixture: Fixture) {
        var random = SplitMix(state: 7)
        for _ in 0..<300 {
            var bytes = fixture.bytes
            for _ in 0..<3 {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                let interesting = Array("{}[]\",:\\\r\n-0e9999999999999999999".utf8)
                bytes[index] =
                    Bool.random(using: &random)
                    ? UInt8.random(in: 0...255, using: &random)
                    : interesting[Int.random(in: 0..<interesting.count, using: &random)]
            }
            var meter = fixture.meter(hides: true)
            feed(&meter, bytes, cuts: randomCuts(3, of: bytes.count, seed: random.next()))
            let facts = meter.finish(.complete)
            facts.usage.counts.forEach { _, count in #expect(count >= 0) }
        }
    }

    @Test func rawAndCostAreKept() {
        let fixture = Fixture(
            name: "cost",
            path: "/v1/chat/completions",
            body: #"{"usage": {"prompt_tokens":7,"total_tokens":7,"cost":1.4e-07,"note":"x"} }"#
        )
        let usage = fixture.facts().usage
        #expect(usage.providerCost == Money(picodollars: 140_000))
        #expect(
            String(decoding: usage.raw, as: UTF8.self)
                == #"{"prompt_tokens":7,"total_tokens":7,"cost":1.4e-07,"note":"x"}"#
        )
        #expect(usage.reportedTotal == 7)
    }

    @Test func iterationsAreBilledBeside() {
        let body = #"""
            {"usage":{"input_tokens":220,"output_tokens":8,"cache_read_input_tokens":0,"iterations":[{"type":"compaction","input_tokens":55196,"output_tokens":125},{"type":"message","input_tokens":220,"output_tokens":8},{"type":"advisor_message","model":"claude-big","input_tokens":10,"output_tokens":20}]}}
            """#
        let usage = Fixture(name: "", path: "/v1/messages", body: body).facts().usage
        #expect(usage.counts.total(.input) == 220)
        #expect(usage.additional.map(\.model) == [nil, "claude-big"])
        #expect(usage.additional.map { $0.counts.total(.input) } == [55196, 10])
    }

    @Test func partsAreClampedToTheirWhole() {
        let body =
            #"{"usage":{"prompt_tokens":29,"completion_tokens":6,"total_tokens":35,"prompt_tokens_details":{"cached_tokens":157}}}"#
        let facts = Fixture(name: "", path: "/v1/chat/completions", body: body).facts()
        #expect(facts.usage.counts.cacheRead == 29)
        #expect(facts.usage.counts.total(.input) == 29)
        #expect(facts.anomalies == 1)
    }

    @Test(arguments: ["-5", "1e400", "99999999999999999999", "\"7\"", "null", "{}", "true", "1.2.3"])
    func absurdNumbersAreUnknown(_ number: String) {
        let body = #"{"usage":{"prompt_tokens":\#(number),"completion_tokens":\#(number)}}"#
        let facts = Fixture(name: "", path: "/v1/chat/completions", body: body).facts()
        #expect(facts.usage.source == .none)
    }
}
