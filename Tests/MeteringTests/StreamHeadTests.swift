import Metering
import Testing

/// A scanner that compares the beginnings of documents reads each as one that sees it alone.
@Suite struct StreamHeadTests {
    private static let pieces = [
        #"{"id":"chatcmpl-0123456789","object":"chat.completion.chunk","created":1790000000,"#,
        #""model":"gpt-x","choices":[{"index":0,"delta":{"content":" "#, #"word"},"finish_reason":null}]"#,
        #""usage":{"prompt_tokens":12,"completion_tokens":3}"#, #""usage":null"#, #","#, #"}"#, #"]"#, #"{"#, #"""#,
        #"\""#,
        #""type":"content_block_delta","#, #""message":{"usage":{"input_tokens":4},"model":"claude"}"#, #":"#, "[", " ",
        #""candidates":[{"content":{"parts":[{"text":"x"}]},"finishReason":"STOP"}]"#, #""model":"other""#, "[DONE]",
        #""output":[{"type":"web_search_call"}]"#, #""error":{"message":"no"}"#, #""text":"a, b: {c} [d"#, "1", "null",
    ]

    private static let fields = (0..<64).compactMap { AnswerField(rawValue: $0) }

    /// What a scanner has read.
    private static func reading(_ scanner: borrowing AnswerScanner, _ index: Int) -> [String] {
        var words = ["\(index)", "\(scanner.state)"]
        for field in fields where field != .none {
            let value = scanner.withValue(field) { Array($0) }
            words.append(
                "\(field) \(scanner.hasValue(field)) \(value.map { String(decoding: $0, as: UTF8.self) } ?? "-")"
            )
        }
        return words
    }

    private func document(after last: [UInt8], using random: inout SplitMix) -> [UInt8] {
        var document = Array(last.prefix(Int.random(in: 0...last.count, using: &random)))
        if Int.random(in: 0..<8, using: &random) == 0 { document = Array(Self.pieces[0].utf8) }
        for _ in 0..<Int.random(in: 0..<6, using: &random) {
            document += Array((Self.pieces.randomElement(using: &random) ?? "").utf8)
        }
        return document
    }

    @Test(arguments: 1...40 as ClosedRange<UInt64>)
    func everyDocumentIsReadAsIfAlone(seed: UInt64) {
        var random = SplitMix(state: seed)
        var stream = AnswerScanner()
        var last: [UInt8] = []
        for _ in 0..<300 {
            // Half of them are those of before with another end, as in a stream.
            let document = document(after: last, using: &random)
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                var alone = AnswerScanner()
                let expected = document.withUnsafeBytes { alone.consume($0) }
                let found = document.withUnsafeBytes { stream.begin($0) }
                #expect(Self.reading(stream, found) == Self.reading(alone, expected))
                stream.reset()
            }
            last = document
        }
    }

    /// A name that stands behind the common beginning again takes the place of the first, in this document alone.
    @Test func repeatedMembersBehindTheHead() {
        let plain = #"{"model":"first","object":"chat.completion.chunk","choices":[]}"#
        let twice = #"{"model":"first","object":"chat.completion.chunk","model":"second"}"#
        var stream = AnswerScanner()
        for (text, model) in [
            (plain, "first"), (plain, "first"), (twice, "second"), (plain, "first"), (twice, "second"),
        ] {
            _ = Array(text.utf8).withUnsafeBytes { stream.begin($0) }
            #expect(stream.withValue(.model) { String(decoding: $0, as: UTF8.self) } == "\"\(model)\"")
            stream.reset()
        }
    }
}
