import Accounting
import Events
import Testing

/// The raw usage as it is rendered straight from a record against the text that is decoded and checked.
@Suite struct RawUsageJSONTests {
    /// Whether both give the same line for an event with this usage; nil where it is left to the event.
    private func isSame(_ raw: [UInt8], _ lines: inout CompletedJSON) throws -> Bool? {
        var event = Samples.typical()
        event.usage.raw = raw
        return try isSame(record: EventCodec.encode(event), &lines)
    }

    private func isSame(record: [UInt8], _ lines: inout CompletedJSON) throws -> Bool? {
        var json = JSONText()
        guard record.withUnsafeBytes({ lines.append($0, sequence: 1, to: &json) }) else { return nil }
        return json.bytes == (try EventJSON.render(record: record, sequence: 1))
    }

    @Test(arguments: [
        "", " ", "{}", "[ ]", "null", "true", "fals", "0", "-0", "-", "01", "1.", "1.5", "-1.25e3", "1e9", "1E+99",
        "1e100", "\"a\"", "\"a\\\"b\"", "\"\u{7f}\"", "\"\u{1}\"", "\"ü\"", "\"\\ud800\"", "{\"usage\":1}",
        "{\"usage\" : 1}", "{\"usage\":}", "{\"\\\"usage\":1}", "[\"usage\":1]", "{\"a\":\"usage\":1}",
        "{\"a\":{\"usage\":[1,2,{\"seconds\":0.5}]}}", "{\"a\":1,}", "{,}", "[1,]", "{\"a\":1}}", "{\"a\":1} x",
        "{\n    \"prompt_tokens\": 9,\n      \"x\":1,\r\n\t\"cached_tokens\" : [ ]\n}\n", "{\"a\":\"line\nbreak\"}",
    ])
    func theSameIsTakenAndRefused(raw: String) throws {
        var lines = CompletedJSON()
        #expect(try isSame(Array(raw.utf8), &lines) == true)
    }

    @Test func longAndDeepTextsAreTheSame() throws {
        var lines = CompletedJSON()
        for depth in [1, 62, 63, 64, 65, 200] {
            let text = String(repeating: "[", count: depth) + String(repeating: "]", count: depth)
            #expect(try isSame(Array(text.utf8), &lines) == true)
            let named = String(repeating: "{\"a\":", count: depth) + "1" + String(repeating: "}", count: depth)
            #expect(try isSame(Array(named.utf8), &lines) == true)
        }
        for digits in [99, 100, 101, 102] {
            #expect(try isSame([UInt8](repeating: 0x31, count: digits), &lines) == true)
        }
    }

    @Test func theLimitIsThatOfTheDecodedText() throws {
        // `{"usage":1,"usage":1 … }` of so many pairs, with spaces behind a newline to come to any length.
        let pair = Array("\"usage\":1,".utf8)
        for length in (Usage.rawLimit - 3)...Usage.rawLimit {
            let pairs = (length - 12) / pair.count
            var raw = Array("{".utf8) + (0..<pairs).flatMap { _ in pair } + Array("\"usage\":1}".utf8)
            raw += [0x0a] + [UInt8](repeating: 0x20, count: length - raw.count - 1)
            var lines = CompletedJSON()
            #expect(raw.count == length)
            #expect(try isSame(raw, &lines) == true)
            // More spaces than the limit allows are damage, which an encoder would not have stored.
            var event = Samples.typical()
            event.usage.raw = raw
            var record = EventCodec.encode(event)
            guard length == Usage.rawLimit else { continue }
            #expect(record.last == 0x10)
            record[record.count - 1] = 0x11
            #expect(throws: EventError.self) { try EventCodec.decode(record) }
            #expect(try isSame(record: record, &lines) == nil)
        }
    }

    @Test func alteredTextsAreTheSame() throws {
        var random = Seeded(53)
        var lines = CompletedJSON()
        let alphabet = Array("{}[]\":,\\0123456789.-+eEtrufalsn \n\t\u{e}\u{1f}ü".utf8) + [0x80, 0xfe, 0xff]
        let bases = [
            Array(Samples.openAIRaw.utf8),
            Array("{\n  \"tokens\": 12,\n  \"cost\": -0.25,\n  \"a\": [true, null, \"x\"], \"speed\":\"fast\"\n}".utf8),
        ]
        for round in 0..<8_000 {
            var raw = bases[round % bases.count]
            for _ in 0...(random.next() % 2) {
                let index = Int(random.next() % UInt64(raw.count))
                let byte = alphabet[Int(random.next() % UInt64(alphabet.count))]
                switch random.next() % 3 {
                case 0: raw[index] = byte
                case 1: raw.insert(byte, at: index)
                default: raw.remove(at: index)
                }
            }
            #expect(try isSame(raw, &lines) == true)
        }
    }
}
