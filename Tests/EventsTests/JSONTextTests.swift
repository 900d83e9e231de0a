import Events
import Testing

@Suite struct JSONTextTests {
    private func text(_ body: (inout JSONText) -> Void) -> String {
        var json = JSONText()
        body(&json)
        return String(decoding: json.bytes, as: UTF8.self)
    }

    @Test(arguments: [
        0, 1, 9, 10, 99, 100, 12_345_678, 99_999_999, 100_000_000, 123_456_789, 1_000_000_000, 4_294_967_295,
        4_294_967_296,
        Int64.max, -1, Int64.min,
    ])
    func numbersAreWhole(value: Int64) {
        #expect(text { $0.number(value) } == String(value))
        #expect(text { $0.number(value.magnitude) } == String(value.magnitude))
    }

    @Test(arguments: [
        "": "", "plain": "plain", "\"": "\\\"", "a\\b\"c": "a\\\\b\\\"c", "\n": "\\n", "x\r\t": "x\\r\\t",
        "\u{0}y\u{1f}\u{7f}": "\\u0000y\\u001f\\u007f", "käse 漢字 🙂": "käse 漢字 🙂", "end\"": "end\\\"",
    ])
    func stringsAreEscaped(value: String, escaped: String) {
        #expect(text { $0.string(value) } == "\"\(escaped)\"")
    }
}
