import Accounting
import Events
import Foundation
import Testing

@Suite struct RenderingTests {
    @Test(arguments: EventKind.allCases)
    func everyEventIsOneLineOfJSON(kind: EventKind) throws {
        var random = Seeded(UInt64(kind.rawValue) + 100)
        for _ in 0..<(kind == .priceBookAdopted ? 1 : 200) {
            let line = EventJSON.render(Samples.event(kind, &random), sequence: 42, schema: Schema.current)
            #expect(!line.contains(0x0a))
            let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
            #expect(object?["type"] as? String == kind.name)
            #expect(object?["seq"] as? Int == 42)
        }
    }

    @Test func theShapeIsTheOneThatIsWritten() {
        let expected = """
            {"seq":42,"type":"request.completed","schema":2,"id":"0192f0c1-2345-7abc-8123-456789abcdef",\
            "time":"2026-11-23T08:00:00.123456Z","group":"openai","client":"c_0123456789abcdef",\
            "session":null,"tags":{},"provider":"openai",\
            "operation":"chat","dialect":"openai","path":"/v1/chat/completions",\
            "model":{"requested":"gpt-4o","sent":"gpt-4o","reported":"gpt-4o-2024-08-06"},\
            "response_id":"chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012","stream":true,"status":200,"outcome":"completed",\
            "error":null,"timing":{"total_us":812345,"first_byte_us":301234,"upstream_us":811900},\
            "bytes":{"request":512,"response":20480},"attempts":[{"upstream":"api.openai.com",\
            "key":"k_3f9a0123456789ab","status":200,"failure":null,"duration_us":811900}],\
            "usage":{"source":"stream","complete":true,"input":{"total":1117,"text":93,"cache_read":1024},\
            "output":{"total":46,"text":46,"reasoning":0},"units":{},"reported_total":1163,"service_tier":"default",\
            "speed":null,"region":null,"provider_cost_usd":null,"additional":[],"normaliser":1,\
            "raw":\(Samples.openAIRaw)},\
            "cost":{"state":"priced","usd":"0.0019725","price_book":1,"row":12}}
            """
        var event = Samples.typical()
        let line = EventJSON.render(.requestCompleted(event), sequence: 42, schema: 2)
        #expect(String(decoding: line, as: UTF8.self) == expected)
        event.session = "s-1"
        event.tags.add(name: "team", value: "\"search\"")
        event.tags.add(name: "env", value: "")
        let again = EventJSON.render(.requestCompleted(event), sequence: 42, schema: 2)
        let marked = String(decoding: again, as: UTF8.self)
        #expect(marked.contains(#""session":"s-1","tags":{"env":"","team":"\"search\""},"provider""#))
    }

    @Test func aRecordOfVersion1KeepsItsShape() throws {
        let line = try EventJSON.render(record: Version1.record(Samples.typical()), sequence: 42)
        let text = String(decoding: line, as: UTF8.self)
        #expect(text.contains(#""schema":1,"#))
        for name in ["session", "tags", "normaliser"] { #expect(!text.contains("\"\(name)\"")) }
    }

    @Test func theStoredFormNeverChangesWithoutANewVersion() {
        #expect(hexText(SHA256.hash(EventCodec.encode(Samples.typical()))) == Self.typicalHash)
        #expect(Schema.current == 2)
        #expect(Schema.hash(1).map(hexText) == "5ab9c83fa8ba074c4aa1c8843eb8ac9e13f71c8bc1fa92163b3c0e74afd87d08")
        #expect(Schema.hash(2).map(hexText) == Self.schemaHash)
        var random = Seeded(1)
        let node = Event.nodeStarted(NodeStarted(time: 1, program: "tollgate 1.0"))
        #expect(hexText(EventCodec.encode(node)) == "020301000000000000000c746f6c6c6761746520312e30")
        var all: [UInt8] = []
        for kind in EventKind.allCases where kind != .priceBookAdopted {
            for _ in 0..<20 { all += EventCodec.encode(Samples.event(kind, &random)) }
        }
        #expect(hexText(SHA256.hash(all)) == Self.allHash)
    }

    static let typicalHash = "da38fdc2277ff348222fdda7cc6146438d8f55ae539da66c4ac42de48d7dd11c"
    static let schemaHash = "90e13e250aebe31313e0ec5871474cfdff5edc8b1163340a1da9b018d48bd9ff"
    static let allHash = "b3d6d787fc513c85a69c6067f7bf12ac33d610cfa284067ad09da70dd00b3a81"

    @Test(arguments: [
        ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
        ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
        (
            "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
        ),
    ])
    func hashesAreThoseOfTheStandard(text: String, hash: String) {
        #expect(hexText(SHA256.hash(Array(text.utf8))) == hash)
    }

    @Test(arguments: [
        "", "{", "nope", "{\"a\":1}{", "\"\u{1}\"", "{\"a\":\"\\ud800\"}", "01", "1e999", "[1,]", "{\"a\" 1}",
        "\u{feff}{}",
    ])
    func rawUsageThatIsNoJSONIsNull(raw: String) throws {
        var event = Samples.typical()
        event.usage.raw = Array(raw.utf8)
        let line = EventJSON.render(.requestCompleted(event), sequence: 1, schema: Schema.current)
        let object = try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]
        #expect((object?["usage"] as? [String: Any])?["raw"] is NSNull)
    }

    @Test func rawUsageIsPutIntoTheLineWithoutItsLineBreaks() {
        let raw = Array("{\n  \"a\" : [ 1, -2.5e3, \"x\\n \\ud83d\\ude00 é\" ],\r\n\t\"b\":{ } }".utf8)
        let expected = "{\"a\":[1,-2.5e3,\"x\\n \\ud83d\\ude00 é\"],\"b\":{}}"
        #expect(JSONCheck.minified(raw).map { String(decoding: $0, as: UTF8.self) } == expected)
        #expect(JSONCheck.minified([0x22, 0xff, 0x22]) == nil)
        #expect(JSONCheck.minified([0x22, 0xed, 0xa0, 0x80, 0x22]) == nil)
        let deep = [UInt8](repeating: 0x5b, count: 5_000)
        #expect(JSONCheck.minified(deep) == nil)
    }

    @Test(arguments: [
        (0, "1970-01-01T00:00:00.000000Z"), (-1, "1969-12-31T23:59:59.999999Z"),
        (951_782_400_000_000, "2000-02-29T00:00:00.000000Z"), (Int64.max, "9999-12-31T23:59:59.999999Z"),
        (Int64.min, "0000-01-01T00:00:00.000000Z"), (4_107_542_399_000_001, "2100-02-28T23:59:59.000001Z"),
    ])
    func timesAreWrittenAndRead(time: Int64, text: String) {
        #expect(Timestamp.text(time) == text)
        if time != .max, time != .min { #expect(Timestamp.parse(text) == time) }
    }

    @Test func timesAgreeWithFoundation() throws {
        var random = Seeded(23)
        let formatter = ISO8601DateFormatter()
        for _ in 0..<500 {
            let seconds = Int64(random.next() % 8_000_000_000) - 2_000_000_000
            let text = formatter.string(from: Date(timeIntervalSince1970: TimeInterval(seconds)))
            #expect(Timestamp.text(seconds * 1_000_000).prefix(19) == text.prefix(19))
            #expect(Timestamp.parse(text) == seconds * 1_000_000)
        }
        #expect(Timestamp.parse("2026-11-23T09:00:00+01:00") == Timestamp.parse("2026-11-23T08:00:00Z"))
        for text in ["", "2026", "2026-13", "2026-02-30", "2026-11-23T25:00:00Z", "2026-11-23T08:00:00", "x"] {
            #expect(Timestamp.parse(text) == nil)
        }
    }

    @Test func identitiesAreOrderedUUIDs() throws {
        let first = RequestID.make(timeMicroseconds: 1_795_420_800_123_456, random: .max)
        let second = RequestID.make(timeMicroseconds: 1_795_420_800_123_457, random: 0)
        #expect(first < second)
        #expect(RequestID(text: first.text) == first)
        #expect(RequestID(text: first.text.uppercased()) == first)
        let uuid = try #require(UUID(uuidString: first.text))
        #expect(uuid.uuid.6 >> 4 == 7)
        #expect(uuid.uuid.8 >> 6 == 2)
        for text in ["", "x", first.text + "0", first.text.replacingOccurrences(of: "-", with: "")] {
            #expect(RequestID(text: text) == nil)
        }
        _ = RequestID.make(timeMicroseconds: .min, random: 1)
        _ = RequestID.make(timeMicroseconds: .max, random: 1)
    }

    @Test func spreadsheetsSeeNoFormulas() {
        var event = Samples.typical()
        event.client = "=HYPERLINK(\"x\")"
        event.group = "a,b\"c"
        event.modelReported = "-1\n2"
        let row = String(decoding: EventCSV.row(event, sequence: 7), as: UTF8.self)
        #expect(row.contains(",\"a,b\"\"c\",\"'=HYPERLINK(\"\"x\"\")\","))
        #expect(row.contains(",\"'-1\n2\","))
        #expect(row.hasSuffix("priced,0.0019725,1,,\r\n"))
        let columns = String(decoding: EventCSV.header, as: UTF8.self).split(separator: ",").count
        let plain = String(decoding: EventCSV.row(Samples.typical(), sequence: 7), as: UTF8.self)
        #expect(plain.split(separator: ",", omittingEmptySubsequences: false).count == columns)
    }
}
