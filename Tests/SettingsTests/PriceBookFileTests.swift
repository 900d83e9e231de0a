import Accounting
import Settings
import Testing

struct PriceBookFileTests {
    private static let text = """
        currency: USD
        fallbacks: {azure: [openai]}
        multipliers:
          groups: {eu: 1.1}
        rows:
          - provider: openai
            model: gpt-4o
            aliases: [gpt-4o-2024-08-06]
            effective_from: 2024-08-06
            input: 2.50
            cache_read: 1.25
            cache_write: "3"
            output: 10
            per_use: {web_search: 0.01}
          - provider: google
            model: {prefix: gemini-2.5-pro}
            effective_from: 2026-01-04T23:59:59Z
            when: {batch: true, from: "16:30", until: "00:30", days: [sat, sun]}
            input: 0.1000000000001234500
            tiers:
              - {above: 200_000, inclusive: true, input: 4}
            minimum: {audio_input_ms: 10000}
        """

    @Test func reads() throws {
        let text = Self.text.replacing("0.1000000000001234500", with: "0.100000000001")
        let book = try PriceBookFile.load(text: text, name: "prices.yaml")
        #expect(book.rows[0].prices[.inputText]?.text == "2.5")
        #expect(book.rows[0].prices[.cacheWrite5m]?.text == "3")
        #expect(book.rows[0].prices[.webSearches]?.text == "0.01")
        #expect(book.rows[0].effectiveFrom == 1_722_902_400)
        #expect(book.rows[0].aliases == ["gpt-4o-2024-08-06"])
        #expect(book.rows[1].match == .prefix("gemini-2.5-pro"))
        #expect(book.rows[1].prices[.inputText]?.mantissa == 100_000_000_001)
        #expect(book.rows[1].effectiveFrom == 1_767_571_199)
        #expect(book.rows[1].conditions.serviceTier == "batch")
        #expect(book.rows[1].conditions.window == .init(fromMinute: 990, untilMinute: 30, weekdays: 0b110_0000))
        #expect(book.rows[1].tiers.first?.threshold == 200_000 && book.rows[1].tiers.first?.inclusive == true)
        #expect(book.rows[1].minimums == [.audioInputMilliseconds: 10_000])
        #expect(book.fallbacks == ["azure": ["openai"]])
        #expect(book.groupMultipliers["eu"]?.text == "1.1")
        #expect(try PriceBookFile.load(text: PriceBookFile.render(book), name: "again") == book)
    }

    @Test func anOwnBookIsLaidOverTheBuiltInOne() throws {
        let text = """
            extends: built-in
            multipliers: {clients: {acme: 1.1}}
            rows:
              - {provider: openai, model: gpt-4o, effective_from: 2026-11-01, input: 1, output: 2}
              - {provider: ours, model: tiny, input: 3, output: 4}
            """
        let book = try PriceBookFile.load(text: text, name: "prices.yaml")
        #expect(book.fallbacks == PriceBook.builtIn.fallbacks)
        #expect(book.clientMultipliers["acme"]?.text == "1.1")
        #expect(book.rows.count == PriceBook.builtIn.rows.count + 2)
        // The merged whole is what is shown, and it needs nothing to extend.
        #expect(try PriceBookFile.load(text: PriceBookFile.render(book), name: "shown") == book)
        let error = #expect(throws: PriceBookFileError.self) {
            try PriceBookFile.load(text: "extends: other\nrows: []", name: "prices.yaml")
        }
        #expect(error?.line == 1)
        let twice = #expect(throws: PriceBookFileError.self) {
            try PriceBookFile.load(
                text:
                    "extends: built-in\nrows:\n- {provider: p, model: m, input: 1}\n- {provider: p, model: m, input: 2}",
                name: "prices.yaml"
            )
        }
        #expect(twice?.line == 4)
    }

    @Test func theBuiltInBookRendersAndLoads() throws {
        let text = PriceBookFile.render(.builtIn)
        #expect(try PriceBookFile.load(text: text, name: "built-in") == .builtIn)
        #expect(try PriceBookFile.load(text: PriceBookFile.render(.empty), name: "empty") == .empty)
    }

    @Test(
        arguments: [
            ("rows:\n  - provider: p\n    model: m\n    imput: 1", 4, "Did you mean \"input\"?"),
            ("rowz: []", 1, "Did you mean \"rows\"?"),
            ("rows:\n  - provider: p\n    input: 1", 2, "no model"),
            ("rows:\n  - {provider: p, model: m}", 2, "no price"),
            ("rows:\n  - {provider: p, model: m, input: -1}", 2, "negative"),
            ("rows:\n  - provider: p\n    model: m\n    input: 1e3", 4, "not a decimal"),
            ("rows:\n  - provider: p\n    model: m\n    input: 0.1000000000001", 4, "12 digits"),
            ("rows:\n  - {provider: p, model: m, input: 1}\n  - {provider: p, model: M, input: 2}", 3, "same date"),
            ("rows:\n  - provider: p\n    model: m\n    effective_from: 2026-02-30\n    input: 1", 4, "not a date"),
            ("rows:\n  - provider: p\n    model: m\n    input: 1\n    tiers:\n      - {input: 1}", 6, "above"),
            (
                "rows:\n  - provider: p\n    model: m\n    input: 1\n    tiers:\n      - {above: 0, input: 1}", 6,
                "above zero"
            ),
            ("rows:\n  - provider: p\n    model: m\n    when: {days: [monday]}\n    input: 1", 4, "not a day"),
            ("rows:\n  - provider: p\n    model: m\n    when: {from: \"25:00\"}\n    input: 1", 4, "time of day"),
            ("rows:\n  - provider: p\n    model: m\n    cache_write: 1\n    cache_write_5m: 1", nil, "the same"),
            ("rows: 5", 1, "list"), ("- a", 1, "mapping"), ("currency: EUR", 1, "USD"), ("", nil, "empty"),
            ("rows: [", nil, "YAML"), ("rows:\n  - [1", nil, "YAML"), ("a: 1\na: 2", nil, ""),
        ] as [(String, Int?, String)]
    )
    func faultsNameTheirLine(_ text: String, _ line: Int?, _ words: String) {
        let error = #expect(throws: PriceBookFileError.self) { try PriceBookFile.load(text: text, name: "f.yaml") }
        #expect(line == nil || error?.line == line)
        #expect(error?.message.contains(words) == true, "\(error.map(String.init(describing:)) ?? "no error")")
        #expect(error?.description.hasPrefix("f.yaml") == true)
    }
}
