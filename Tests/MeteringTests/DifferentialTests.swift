import Foundation
import Metering
import Testing

/// A document by whose order of members the right captures are known.
private indirect enum Document {
    case object([(String, Document)])
    case array([Document])
    case text(String)
    case number(String)
    case word(String)

    private static let keys = [
        "usage", "response", "message", "delta", "choices", "x_groq", "model", "id", "type", "error", "candidates",
        "finishReason", "output", "metadata", "interaction", "tool_usage", "usageMetadata", "prompt_tokens", "meta",
        "a\"b", "ü", "", "usag", "usage ", "results", "tokenCount",
    ]

    static func random(_ depth: Int, using random: inout SplitMix) -> Document {
        switch Int.random(in: 0..<(depth < 9 ? 9 : 5), using: &random) {
        case 0: return .number(["0", "-1", "1.5e3", "12", "18446744073709551616"].randomElement(using: &random) ?? "0")
        case 1: return .word(["null", "true", "false"].randomElement(using: &random) ?? "null")
        case 2: return .text(String(repeating: "long \\ \"text\" {[", count: Int.random(in: 0..<12, using: &random)))
        case 3, 4: return .text(["", "x", "}]", "\\", "\"", "日本語", "\u{1}"].randomElement(using: &random) ?? "")
        case 5, 6:
            return .array((0..<Int.random(in: 0..<4, using: &random)).map { _ in .random(depth + 1, using: &random) })
        default: return object(depth, using: &random)
        }
    }

    static func object(_ depth: Int, using random: inout SplitMix) -> Document {
        let names = keys.shuffled(using: &random).prefix(Int.random(in: 0..<7, using: &random))
        return .object(names.map { ($0, .random(depth + 1, using: &random)) })
    }

    func write(_ out: inout String, using random: inout SplitMix) {
        func space() {
            if Int.random(in: 0..<6, using: &random) == 0 { out += [" ", "\n", "\t \r\n"].randomElement() ?? "" }
        }
        func string(_ text: String) {
            out += "\""
            for unit in text.utf16 {
                switch unit {
                case 0x22, 0x5C: out += "\\" + String(UnicodeScalar(UInt8(unit)))
                case 0..<0x20: out += String(format: "\\u%04x", Int(unit))
                default:
                    out +=
                        Int.random(in: 0..<9, using: &random) == 0 || unit > 0x7F
                        ? String(format: "\\u%04X", Int(unit)) : String(UnicodeScalar(UInt8(unit)))
                }
            }
            out += "\""
        }
        space()
        switch self {
        case .number(let text), .word(let text): out += text
        case .text(let text): string(text)
        case .array(let elements):
            out += "["
            for (index, element) in elements.enumerated() {
                if index > 0 { out += "," }
                element.write(&out, using: &random)
            }
            out += "]"
        case .object(let members):
            out += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { out += "," }
                space()
                // Keys are compared as they stand, so these are written without needless escapes.
                out += "\"" + member.0.replacingOccurrences(of: "\"", with: "\\\"") + "\""
                space()
                out += ":"
                member.1.write(&out, using: &random)
            }
            out += "}"
        }
        space()
    }

    /// Calls `body` with the path and value of everything, in order.
    func walk(_ path: String, _ body: (String, Document) -> Void) {
        body(path, self)
        switch self {
        case .object(let members):
            for (key, value) in members {
                // An empty key is a step as well.
                let step = key.isEmpty ? "?" : key
                value.walk(path.isEmpty ? step : "\(path)/\(step)", body)
            }
        case .array(let elements): for element in elements { element.walk("\(path)/[]", body) }
        default: break
        }
    }

    /// The value as Foundation would read it.
    var foundation: Any {
        switch self {
        case .object(let members): Dictionary(members.map { ($0.0, $0.1.foundation) }) { $1 }
        case .array(let elements): elements.map(\.foundation)
        case .text(let text): text
        case .number(let text): NSDecimalNumber(string: text)
        case .word(let text): text == "null" ? NSNull() : NSNumber(value: text == "true")
        }
    }
}

@Suite("The scanner against a full parser")
struct DifferentialTests {
    private static let fields = Dictionary(AnswerField.paths.map { ($0.0, $0.1) }) { $1 }
    /// Fields whose last value is kept, wherever the path allows it.
    private static let compared: [AnswerField] = [
        .usage, .usageMetadata, .meta, .messageUsage, .responseUsage, .interactionUsage, .deltaUsage, .groqUsage,
        .choiceUsage, .toolUsage, .runningUsage,
    ]

    private func parse(_ bytes: [UInt8]) throws -> Any {
        try JSONSerialization.jsonObject(with: Data(bytes), options: .fragmentsAllowed)
    }

    private func captures(_ bytes: [UInt8], cuts: [Int]) -> (state: AnswerScanner.State, values: [AnswerField: [UInt8]])
    {
        var scanner = AnswerScanner()
        var start = 0
        for end in cuts + [bytes.count] where end > start {
            Array(bytes[start..<end]).withUnsafeBytes { _ = scanner.consume($0) }
            start = end
        }
        var values: [AnswerField: [UInt8]] = [:]
        for field in Self.compared { values[field] = scanner.withValue(field) { Array($0) } }
        return (scanner.state, values)
    }

    @Test(arguments: 0..<400)
    func capturesWhatAParserFinds(_ seed: Int) throws {
        var random = SplitMix(state: UInt64(seed))
        let document = Document.object(0, using: &random)
        var text = ""
        document.write(&text, using: &random)
        let bytes = Array(text.utf8)
        #expect(try (parse(bytes) as? NSObject) == (document.foundation as? NSObject), "\(text)")
        var wanted: [AnswerField: Document] = [:]
        document.walk("") { path, value in
            if let field = Self.fields[path] { wanted[field] = value }
        }
        let whole = captures(bytes, cuts: [])
        #expect(whole.state == .done, "\(text)")
        for field in Self.compared {
            guard let value = wanted[field], !(value.foundation is NSNull) else {
                #expect(whole.values[field] == nil, "\(field) of \(text)")
                continue
            }
            let captured = try #require(whole.values[field], "\(field) of \(text)")
            #expect(try (parse(captured) as? NSObject) == (value.foundation as? NSObject), "\(field) of \(text)")
        }
        #expect(captures(bytes, cuts: Array(1..<bytes.count)).values == whole.values)
        let cuts = randomCuts(8, of: bytes.count, seed: UInt64(seed))
        #expect(captures(bytes, cuts: cuts).values == whole.values)
    }

    @Test(arguments: Fixture.all)
    func damageIsReadTheSameAtEveryCut(_ fixture: Fixture) {
        var random = SplitMix(state: 11)
        for _ in 0..<60 {
            var bytes = fixture.bytes
            for _ in 0..<4 {
                let index = Int.random(in: 0..<bytes.count, using: &random)
                bytes[index] = Array("{}[]\",:\\\r\n-0e \u{1}".utf8).randomElement(using: &random) ?? 0
            }
            var damaged = fixture
            damaged.binary = bytes
            let whole = damaged.facts()
            #expect(damaged.facts(cuts: Array(1..<bytes.count)) == whole)
            #expect(damaged.facts(cuts: randomCuts(5, of: bytes.count, seed: random.next())) == whole)
        }
    }
}

@Suite("Memory of a stream")
struct MemoryTests {
    @Test(arguments: [Fixture.chatStream, .messageStream, .converseStream])
    func staysTheSameHoweverLongTheStream(_ fixture: Fixture) {
        var meter = fixture.meter(hides: true)
        let bytes = fixture.bytes
        var peak = 0
        for round in 0..<200 {
            for start in stride(from: 0, to: bytes.count, by: 100) {
                Array(bytes[start..<min(start + 100, bytes.count)]).withUnsafeBytes { _ = meter.consume($0) }
                let footprint = meter.footprint
                if round < 2 { peak = max(peak, footprint) } else { #expect(footprint <= peak) }
            }
        }
        #expect(peak < 8 * 1024)
    }

    @Test func isBoundedWhateverComes() {
        let open = #"{"usage":{"x":""#
        for body in [open, "data: " + open, #"{"model":""#, #"{"choices":[{"usage":["#, "[[[[[[[[[[[[", "{\"a"] {
            var fixture = Fixture(name: "", path: "/v1/chat/completions", body: body)
            fixture.contentType = body.hasPrefix("data") ? Fixture.events : fixture.contentType
            var meter = fixture.meter()
            fixture.bytes.withUnsafeBytes { _ = meter.consume($0) }
            let pad = [UInt8](repeating: 0x5B, count: 1 << 16)
            for _ in 0..<64 { pad.withUnsafeBytes { _ = meter.consume($0) } }
            let footprint = meter.footprint
            #expect(footprint < 1 << 19, "\(body)")
        }
    }
}
