import Accounting
import Events
import Testing
import Views

@Suite struct BillReaderTests {
    private func day(_ text: String) throws -> Int64 {
        Timestamp.floorDivide(try #require(Timestamp.parse(text)), Timestamp.day)
    }

    private func read(_ text: String) throws -> Bill { try BillReader.read(Array(text.utf8)) }

    @Test func usageOfOpenAIIsReadByDayAndPlainModel() throws {
        let head =
            "start_time,end_time,start_time_iso,end_time_iso,project_id,num_model_requests,user_id,api_key_id,model,"
            + "batch,service_tier,input_tokens,output_tokens,input_cached_tokens,input_uncached_tokens\n"
        let bill = try read(
            head
                + "1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,p,10.0,u,k,"
                + "gpt-4o-2024-08-06,FALSE,default,59200.0,10646.0,5760.0,53440.0\n"
                + "1759622460,1759622520,2025-10-05T00:01:00+00:00,2025-10-05T00:02:00+00:00,p,1.0,u,k2,"
                + "gpt-4o-2024-05-13,FALSE,default,1.0,2.0,0.0,1.0\n"
                + "1759881600,1759968000,2025-10-08T00:00:00+00:00,2025-10-09T00:00:00+00:00,,,,,,,,,,,\n"
        )
        #expect(bill.form == .openAIUsage)
        #expect(bill.figures == [.requests, .input, .cacheRead, .output])
        #expect(bill.lines.count == 1)
        let line = try #require(bill.lines[Bill.Key(day: try day("2025-10-05"), model: "gpt-4o")])
        #expect(line[.requests] == 11)
        #expect(line[.input] == 59_201)
        #expect(line[.cacheRead] == 5_760)
        #expect(line[.output] == 10_648)
    }

    @Test func costOfOpenAIKeepsEveryDigitThatALedgerHas() throws {
        let head = "start_time,end_time,start_time_iso,end_time_iso,amount_value,amount_currency,line_item\n"
        let bill = try read(
            head + "1759622400,1759708800,2025-10-05T00:00:00+00:00,2025-10-06T00:00:00+00:00,0.8958740000000000,usd,\n"
                + "1759708800,1759795200,2025-10-06T00:00:00+00:00,2025-10-07T00:00:00+00:00,,,\n"
        )
        #expect(bill.form == .openAICost)
        #expect(!bill.hasModels)
        #expect(bill.lines[Bill.Key(day: try day("2025-10-05"), model: "")]?[.cost] == 895_874_000_000)
        let items = try read(
            head + "1759622400,1759708800,,,0.000000000001,usd,\"gpt-5-mini-2025-08-07, input\"\n"
                + "1759622400,1759708800,,,2,USD,\"gpt-5-mini-2025-08-07, output\"\n"
        )
        let line = items.lines[Bill.Key(day: try day("2025-10-05"), model: "gpt-5-mini")]
        #expect(line?[.cost] == 2_000_000_000_001)
        #expect(throws: BillError.self) { try read(head + "1759622400,1759708800,,,1,eur,x\n") }
        // A week in one line cannot be compared by day.
        #expect(throws: BillError.self) { try read(head + "1759622400,1760227200,,,1,usd,x\n") }
    }

    @Test func usageOfAnthropicAddsTheCacheToTheInput() throws {
        let bill = try read(
            "\u{feff}usage_date_utc,model_version,api_key,workspace,usage_type,context_window,"
                + "usage_input_tokens_no_cache,usage_input_tokens_cache_write_5m,usage_input_tokens_cache_write_1h,"
                + "usage_input_tokens_cache_read,usage_output_tokens,web_search_count,inference_geo,speed\r\n"
                + "2026-03-22,claude-sonnet-4-20250514,\"a \"\"key\"\", \r\nof ours\",Default,standard,≤ 200k,"
                + "100000,10,5,300,50,0,not_available,\r\n"
        )
        #expect(bill.form == .anthropicUsage)
        let line = try #require(bill.lines[Bill.Key(day: try day("2026-03-22"), model: "claude-sonnet-4")])
        #expect(line[.input] == 100_315)
        #expect(line[.cacheRead] == 300)
        #expect(line[.cacheWrite] == 15)
        #expect(line[.output] == 50)
    }

    @Test func costOfAnthropicMayBeOffByHalfACentALine() throws {
        let head =
            "usage_date_utc,model,workspace,api_key,usage_type,context_window,token_type,cost_usd,list_price_usd,"
            + "cost_type,inference_geo,speed\n"
        let bill = try read(
            head + "2026-04-06,Claude Sonnet 4.5,Default,b,message,≤ 200k,input_no_cache,0.01,0.01,token,,\n"
                + "2026-04-06,Claude Sonnet 4.5,Default,b,message,≤ 200k,input_cache_read,18.71,18.71,token,,\n"
        )
        let line = try #require(bill.lines[Bill.Key(day: try day("2026-04-06"), model: "claude-sonnet-4-5")])
        #expect(line[.cost] == 18_720_000_000_000)
        #expect(line.rounding.dollars == "0.01")
    }

    @Test func aPlainTableMayComeFromASpreadsheet() throws {
        let bill = try read("Date;Model;Input Tokens;Cost USD\n2026-11-23;gpt-4o;1,234,567;-$0.5\n2026-11-24;x;0;0\n")
        #expect(bill.form == .plain)
        #expect(bill.lines.count == 1, "a line of nothing is no line")
        let line = try #require(bill.lines[Bill.Key(day: try day("2026-11-23"), model: "gpt-4o")])
        #expect(line[.input] == 1_234_567)
        #expect(line[.cost] == -500_000_000_000)
    }

    @Test(
        arguments: [
            ("", nil), ("date,model\n", 1), ("model,input\nx,1\n", 1), ("date,input,input\n", 1),
            ("date,input\n2026-11-23\n", 2), ("date,input\n2026-11-23,1,2\n", 2), ("date,input\n2026-13-01,1\n", 2),
            ("date,input\n2026-11-23,1\n\n2026-11-23,-1\n", 4), ("date,input\n2026-11-23,1.5\n", 2),
            ("date,input\n2026-11-23,1e30\n", 2), ("date,input\n2026-11-23,1,000\n", 2),
            ("date,cost_usd\n2026-11-23,NaN\n", 2), ("date,cost_usd\n2026-11-23,99999999999\n", 2),
            ("date,model,input\n2026-11-23,\"a,1\n", 2), ("date,model,input\n2026-11-23,\"a\nb\"c,1\n", 3),
            ("date,model,input\n2026-11-23,a\"b,1\n", 2), ("start_time,end_time,start_time_iso,end_time_iso\n", 1),
            ("date,input\n,1\n", 2), ("date,input\n2026-11,1\n", 2), ("date,input\n0000-01-01,1\n", 2),
        ] as [(String, Int?)]
    )
    func whatIsNoBillIsRefusedWithItsLine(text: String, line: Int?) {
        let error = #expect(throws: BillError.self) { try read(text) }
        #expect(error?.line == line, "\(error?.description ?? "")")
    }

    @Test func whatIsTooLargeOrNoTextIsRefused() throws {
        #expect(throws: BillError.self) { try BillReader.read([0xff, 0xfe, 0x41, 0]) }
        let head = Array("date,model,input\n2026-11-23,".utf8)
        #expect(throws: BillError.self) { try BillReader.read(head + [0xff, 0x0a]) }
        let long = String(repeating: "x", count: 70_000)
        #expect(throws: BillError.self) { try read("date,model,input\n2026-11-23,\(long),1\n") }
        #expect(throws: BillError.self) { try read("date,model,input\n2026-11-23,\"\(long)\",1\n") }
        #expect(throws: BillError.self) { try read(String(repeating: "a,", count: 600) + "date,input\n") }
    }

    /// Whatever the bytes are, the reader ends with a bill or an error.
    @Test func noBytesTrapTheReader() {
        var random = Seeded(7)
        let pieces: [[UInt8]] = [
            Array("date".utf8), Array("model".utf8), Array("input".utf8), Array("cost_usd".utf8),
            Array("2026-11-23".utf8),
            [0x2c], [0x2c], [0x0a], [0x0d], [0x0d, 0x0a], [0x22], [0x22], [0x3b], [0x09], [0xff], [0x00],
            Array("-".utf8), Array("1".utf8), Array("9".utf8), Array(".".utf8), Array("e".utf8), Array("$".utf8),
        ]
        for round in 0..<20_000 {
            var bytes = round % 2 == 0 ? Array("date,model,input,cost_usd\n".utf8) : []
            for _ in 0..<Int(random.next() % 40) { bytes += pieces[Int(random.next() % UInt64(pieces.count))] }
            _ = try? BillReader.read(bytes)
        }
    }

    @Test(arguments: [
        ("gpt-4o-2024-08-06", "gpt-4o"), ("claude-sonnet-4-5-20250929", "claude-sonnet-4-5"),
        ("Claude Sonnet 4.5", "claude-sonnet-4-5"), ("Claude Haiku 3.5", "claude-haiku-3-5"),
        ("claude-3-5-haiku-20241022", "claude-haiku-3-5"), ("claude-opus-4-0", "claude-opus-4"),
        ("us.anthropic.claude-sonnet-4-5-20250929-v1:0", "claude-sonnet-4-5"),
        ("models/gemini-2.5-pro", "gemini-2.5-pro"),
        ("gpt-4.1-mini", "gpt-4.1-mini"), ("", ""),
    ])
    func namesOfModelsBecomePlain(name: String, plain: String) { #expect(Bill.plainName(name) == plain) }
}
