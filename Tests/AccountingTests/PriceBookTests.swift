import Accounting
import Testing

struct PriceBookTests {
    private static func sample() throws -> PriceBook {
        var tiered = try row("m", [.inputText: "1.25", .outputText: "0", .webSearches: "0.01"])
        tiered.aliases = ["n", "größe"]
        tiered.tiers = [.init(above: 200_000, inclusive: true, prices: try prices([.inputText: "2.5"]))]
        tiered.minimums = [.audioInputMilliseconds: 10_000]
        let conditions = PriceConditions(
            serviceTier: "flex",
            speed: "fast",
            region: "us",
            window: .init(fromMinute: 30, untilMinute: 10, weekdays: 5)
        )
        return try PriceBook(
            rows: [
                tiered, row("m", [.inputText: "0.000000000001"], from: -5, conditions: conditions),
                PriceRow(provider: "*", match: .pattern("*x*"), prices: prices([.inputText: "1000000"])),
                PriceRow(
                    provider: "q",
                    match: .prefix("x"),
                    effectiveFrom: 253_402_300_799,
                    prices: prices([.images: "0.04"])
                ),
            ],
            fallbacks: ["q": ["p"], "a": ["p", "q"]],
            groupMultipliers: ["eu": Multiplier("1.1")],
            clientMultipliers: ["b": Multiplier("0.9"), "a": Multiplier("1000")]
        )
    }

    @Test func roundTrips() throws {
        for book in [try Self.sample(), .empty, .builtIn] {
            let decoded = try decode(book.encode())
            #expect(decoded == book)
            #expect(decoded.encode() == book.encode())
        }
    }

    @Test func everyTruncationIsAnError() throws {
        let bytes = try Self.sample().encode()
        for end in 0..<bytes.count {
            #expect(throws: PriceBookError.self) { try decode(Array(bytes[..<end])) }
        }
        #expect(throws: PriceBookError.self) { try decode(bytes + [0]) }
        #expect(throws: PriceBookError.self) { try decode([2] + bytes.dropFirst()) }
    }

    @Test func damageIsAnErrorOrAValidBook() throws {
        let bytes = try Self.sample().encode()
        for place in bytes.indices {
            for value in UInt8.min...UInt8.max {
                var damaged = bytes
                damaged[place] = value
                guard let book = try? decode(damaged) else { continue }
                #expect(try decode(book.encode()) == book)
            }
        }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<2000 {
            let noise = (0..<Int.random(in: 0..<64, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            _ = try? decode([1] + noise)
        }
    }

    @Test(arguments: [
        ("2.50", "2.5"), ("0", "0"), ("0.000000000001", "0.000000000001"), ("1000000", "1000000"), (".5", "0.5"),
        ("5.", "5"), ("007", "7"), ("1.0000000000000000", "1"),
    ])
    func decimals(_ text: String, _ canonical: String) throws {
        #expect(try Rate(text).text == canonical)
    }

    @Test(arguments: [
        "", ".", "-1", "-0", "1e3", "1,5", "1.2.3", " 1", "+1", "0.0000000000001", "1000000.000000000001", "nan", "٣",
        "99999999999999999999999999", "0x1",
    ])
    func badDecimals(_ text: String) {
        #expect(throws: PriceBookError.self) { try Rate(text) }
    }

    @Test func faultyRowsAreNamed() throws {
        let good = try row("m", [.inputText: "1"])
        let change: [(String, (inout PriceRow) -> Void)] = [
            ("same date", { _ in }),
            ("same date", { $0.match = .exact("M") }),
            (
                "same date",
                {
                    $0.match = .exact("other")
                    $0.aliases = ["m"]
                }
            ),
            ("no price", { $0.prices = PriceTable() }),
            ("model", { $0.match = .exact("") }),
            ("model", { $0.match = .exact("a b") }),
            ("pattern", { $0.match = .pattern("abc") }),
            ("no date", { $0.effectiveFrom = .max }),
            ("lower case", { $0.provider = "OpenAI" }),
            ("minimum", { $0.minimums = [.images: 0] }),
            ("tool input", { $0.prices[.inputTool] = .zero }),
            ("aliases", { $0.aliases = (0..<300).map { "a\($0)" } }),
            (
                "does not come after",
                { row in row.tiers = [20, 10].map { .init(above: $0, prices: row.prices) } }
            ),
            ("does not come after", { row in row.tiers = [.init(above: -1, prices: row.prices)] }),
            ("without a price", { $0.tiers = [.init(above: 5, prices: PriceTable())] }),
            ("window", { $0.conditions.window = .init(fromMinute: 9, untilMinute: 9) }),
        ]
        for (words, edit) in change {
            var bad = good
            edit(&bad)
            let error = #expect(throws: PriceBookError.self) { try PriceBook(rows: [good, bad]) }
            #expect(error?.row == 1)
            #expect(error?.message.contains(words) == true, "\(error?.message ?? "") should say \(words)")
        }
        let many = (0...PriceBook.rowLimit).map { number in
            var row = good
            row.effectiveFrom = Int64(number)
            return row
        }
        #expect(throws: PriceBookError.self) { try PriceBook(rows: many) }
    }

    @Test func differences() throws {
        let old = try PriceBook(rows: [
            row("a", [.inputText: "1"]), row("b", [.inputText: "1"]), row("c", [.inputText: "1"]),
        ])
        let new = try PriceBook(rows: [
            row("d", [.inputText: "1"]), row("c", [.inputText: "2"]), row("a", [.inputText: "1"]),
        ])
        let difference = PriceBookDifference(from: old, to: new)
        #expect(difference.added == [new.rows[0]])
        #expect(difference.removed == [old.rows[1]])
        #expect(difference.changed.map(\.new) == [new.rows[1]])
        #expect(!difference.settingsChanged && !difference.isEmpty)
        #expect(PriceBookDifference(from: old, to: old).isEmpty)
    }

    @Test func builtInBook() throws {
        #expect(try PriceBook.loadBuiltIn() == .builtIn)
        #expect(PriceBook.builtIn.rows.count > 2000)
        #expect(Set(PriceBook.builtIn.rows.map(\.provider)).count >= 30)
        #expect(PriceBook.builtInOrigin.hasPrefix("genai-prices"))
    }
}
