import Accounting
import Events
import Foundation
import Testing
import Views

@Suite struct MissingPricesTests {
    private func missing(_ log: MemoryLog) throws -> MissingPrices {
        let service = try ViewService(source: log)
        service.close()
        return service.readBlocking { MissingPrices($0) }
    }

    @Test func modelsWithoutAPriceAreListedWithWhatWasUsed() throws {
        let log = MemoryLog(Traffic.history(400, book: try Traffic.book("2.5", "10")))
        let missing = try missing(log)
        #expect(Set(missing.rows.map(\.model)) == ["mystery"])
        #expect(Set(missing.rows.map(\.group)) == ["openai", "backup"])
        #expect(missing.pricedSince.isEmpty)
        var requests: UInt64 = 0
        var output: Int64 = 0
        try log.scan(from: 1, through: log.head) { _, record in
            guard case .requestCompleted(let event) = try EventCodec.decode(record), event.modelSent == "mystery" else {
                return true
            }
            if event.cost.state == .unpriced { requests += 1 }
            output += event.usage.counts.total(.output) ?? 0
            return true
        }
        #expect(requests > 0)
        #expect(missing.rows.reduce(0) { $0 + $1.sums.restatedUnpriced } == requests)
        #expect(missing.rows.reduce(0) { $0 + $1.sums.output } == output)
        let day = Timestamp.floorDivide(Traffic.start, Timestamp.day)
        #expect(missing.rows.allSatisfy { $0.firstDay == day && $0.lastDay == day })
    }

    @Test func aPriceThatCameLaterEndsTheLack() throws {
        let book = try Traffic.book("2.5", "10")
        let log = MemoryLog(Traffic.history(100, book: book))
        var prices = PriceTable()
        prices[.inputText] = try Rate("1")
        prices[.outputText] = try Rate("1")
        let whole = try PriceBook(
            rows: book.rows + [PriceRow(provider: "openai", match: .exact("mystery"), prices: prices)]
        )
        log.append([Traffic.adopted(2, whole)])
        let missing = try missing(log)
        #expect(missing.rows.isEmpty)
        #expect(Set(missing.pricedSince.map(\.model)) == ["mystery"])
        #expect(missing.bookRevision == 2)
        let json = try JSONSerialization.jsonObject(with: Data(missing.render())) as? [String: Any]
        #expect((json?["models"] as? [Any])?.isEmpty == true)
        #expect((json?["priced_since"] as? [Any])?.isEmpty == false)
    }
}
