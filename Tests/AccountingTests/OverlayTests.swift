import Accounting
import Testing

struct OverlayTests {
    private func amount(
        _ book: PriceBook,
        _ model: String,
        second: Int64 = 1_800_000_000,
        tier: String? = nil
    ) -> Money? {
        let cost = Pricer(book: book, revision: 1)
            .cost(of: usage([.inputText: 1_000_000], tier: tier), for: query(model, second: second))
        return cost.state == .unpriced ? nil : cost.amount
    }

    private func dollars(_ number: Int64) -> Money { Money(picodollars: number * 1_000_000_000_000) }

    private let base: PriceBook

    init() throws {
        var aliased = try row("a", [.inputText: "1"])
        aliased.aliases = ["b", "c"]
        var later = try row("a", [.inputText: "2"])
        later.effectiveFrom = 1_700_000_000
        var flex = try row("a", [.inputText: "3"])
        flex.conditions.serviceTier = "flex"
        let prefix = PriceRow(provider: "p", match: .prefix("d"), prices: try prices([.inputText: "4"]))
        base = try PriceBook(
            rows: [aliased, later, flex, prefix],
            fallbacks: ["q": ["p"]]
        )
    }

    @Test func aRowWithoutADateTakesThePlaceOfAllDates() throws {
        let book = try base.overlaid(by: PriceBook(rows: [try row("A", [.inputText: "9"])]))
        #expect(amount(book, "a") == dollars(9))
        #expect(amount(book, "a", second: 1_600_000_000) == dollars(9))
        // Other conditions and other names stay.
        #expect(amount(book, "a", tier: "flex") == dollars(3))
        #expect(amount(book, "b") == dollars(1))
        #expect(amount(book, "c") == dollars(1))
        #expect(amount(book, "d1") == dollars(4))
        #expect(book.fallbacks == ["q": ["p"]])
    }

    @Test func aDatedRowLeavesWhatWasBefore() throws {
        var own = try row("a", [.inputText: "9"])
        own.effectiveFrom = 1_650_000_000
        let book = try base.overlaid(by: PriceBook(rows: [own]))
        #expect(amount(book, "a", second: 1_649_999_999) == dollars(1))
        #expect(amount(book, "a", second: 1_650_000_000) == dollars(9))
        #expect(amount(book, "a", second: 1_750_000_000) == dollars(9), "a later price of the base came back")
    }

    @Test func anAliasCanBeOverlaidToo() throws {
        let book = try base.overlaid(by: PriceBook(rows: [try row("b", [.inputText: "9"])]))
        #expect(amount(book, "b") == dollars(9))
        #expect(amount(book, "a") == dollars(2))
        #expect(amount(book, "c") == dollars(1))
        let all = try base.overlaid(
            by: PriceBook(rows: try ["a", "b", "c"].map { try row($0, [.inputText: "9"]) })
        )
        #expect(all.rows.count == 5)
    }

    @Test func nothingOverABookIsTheBook() throws {
        #expect(try base.overlaid(by: .empty) == base)
        #expect(try PriceBook.builtIn.overlaid(by: .empty) == .builtIn)
        #expect(try PriceBook.empty.overlaid(by: base) == base)
        #expect(try base.overlaid(by: base).rows.count == base.rows.count)
    }
}
