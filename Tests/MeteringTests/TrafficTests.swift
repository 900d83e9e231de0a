import Accounting
import Foundation
import Metering
import Testing

@Suite("Recorded traffic", .enabled(if: Exchange.isThere, "../shared/traffic/sample.jsonl.gz is not there"))
struct TrafficTests {
    /// Dialects that the product promises first.
    static let promised = ["openai.", "anthropic.", "gemini."]

    @Test func everyInferenceLineIsMeteredAsExpected() throws {
        var table: [String: (right: Int, all: Int)] = [:]
        var promised = (right: 0, all: 0)
        var faults: [String] = []
        for exchange in try Exchange.all() where exchange.expectedClass == "inference" {
            let differences = exchange.differences(exchange.facts(cuts: []))
            let isRight = differences.isEmpty
            table[exchange.text("provider"), default: (0, 0)].all += 1
            if isRight { table[exchange.text("provider"), default: (0, 0)].right += 1 }
            if Self.promised.contains(where: exchange.text("api").hasPrefix) {
                promised.all += 1
                if isRight { promised.right += 1 }
            }
            if !isRight { faults.append("\(exchange.name): \(differences.joined(separator: ", "))") }
        }
        print("provider              right   all")
        for (provider, row) in table.sorted(by: { $0.key < $1.key }) {
            let name = provider.padding(toLength: 20, withPad: " ", startingAt: 0)
            print(name, String(format: "%6d %6d", row.right, row.all))
        }
        print("promised dialects: \(promised.right) of \(promised.all)")
        for fault in faults { print(fault) }
        #expect(promised.all > 0)
        #expect(promised.right * 100 >= promised.all * 98)
        #expect(faults.isEmpty)
    }

    @Test func cuttingTheBytesChangesNothing() throws {
        for (index, exchange) in try Exchange.all().enumerated() {
            let whole = exchange.facts(cuts: [])
            let length = exchange.body.count
            for round in 0..<3 {
                let cuts = randomCuts(1 + length / 50, of: length, seed: UInt64(index * 10 + round))
                #expect(exchange.facts(cuts: cuts) == whole, "\(exchange.name)")
            }
            if length < 20_000 { #expect(exchange.facts(cuts: Array(1..<max(1, length))) == whole, "\(exchange.name)") }
        }
    }

    @Test func noHintIsNeeded() throws {
        for exchange in try Exchange.all() where exchange.expectedClass == "inference" {
            #expect(exchange.differences(exchange.facts(cuts: [], hint: .auto)).isEmpty, "\(exchange.name)")
        }
    }

    @Test func requestsNameTheirModel() throws {
        for exchange in try Exchange.all() {
            // The recording takes `chat` in Azure's `/models/chat/completions` for a model.
            guard let model = exchange.expected["model_requested"] as? String, model != "chat" else { continue }
            #expect(exchange.modelRequested == model, "\(exchange.name)")
        }
    }

    @Test func otherClassesAreToldApart() throws {
        for exchange in try Exchange.all() {
            let facts = exchange.facts(cuts: [])
            switch exchange.expectedClass {
            case "error": #expect(facts.usage.source == .none, "\(exchange.name)")
            case "count":
                #expect(exchange.route.operation == .countTokens, "\(exchange.name)")
                #expect(facts.usage.source == .none, "\(exchange.name)")
            case "poll":
                #expect(exchange.route.operation == .poll, "\(exchange.name)")
                #expect(exchange.differences(facts).isEmpty, "\(exchange.name)")
            case "batch":
                // A batch that has not run states zeros, which are nothing to bill.
                #expect(facts.usage.source == .none, "\(exchange.name)")
            default: break
            }
        }
    }
}
