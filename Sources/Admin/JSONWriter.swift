/// Writes compact JSON in the order of the calls.
///
/// Objects and lists are closures, so they always close; commas are put where they belong.
public struct JSONWriter: Sendable {
    /// What was written so far.
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    /// An empty text.
    public init() {}

    /// An object of the fields that the closure writes.
    public mutating func object(_ fields: (inout JSONWriter) throws -> Void) rethrows {
        try nest(UInt8(ascii: "{"), UInt8(ascii: "}"), fields)
    }

    /// A list of the values that the closure writes.
    public mutating func list(_ values: (inout JSONWriter) throws -> Void) rethrows {
        try nest(UInt8(ascii: "["), UInt8(ascii: "]"), values)
    }

    /// A field whose value the closure writes.
    public mutating func field(_ name: String, _ value: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        quote(name)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
        try value(&self)
        needsComma = true
    }

    /// A field with a text, `null` for nil.
    public mutating func field(_ name: String, _ text: String?) { field(name) { $0.value(text) } }

    /// A field with a whole number.
    public mutating func field(_ name: String, _ number: some BinaryInteger) { field(name) { $0.value(number) } }

    /// A field with true or false.
    public mutating func field(_ name: String, _ flag: Bool) { field(name) { $0.raw(flag ? "true" : "false") } }

    /// A text, `null` for nil.
    public mutating func value(_ text: String?) {
        separate()
        if let text { quote(text) } else { bytes += Array("null".utf8) }
        needsComma = true
    }

    /// A whole number.
    public mutating func value(_ number: some BinaryInteger) { raw(String(number)) }

    /// Text that is JSON already.
    public mutating func raw(_ json: String) {
        separate()
        bytes += Array(json.utf8)
        needsComma = true
    }

    private mutating func nest(_ open: UInt8, _ close: UInt8, _ inside: (inout JSONWriter) throws -> Void) rethrows {
        separate()
        bytes.append(open)
        needsComma = false
        try inside(&self)
        bytes.append(close)
        needsComma = true
    }

    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = false
    }

    private mutating func quote(_ text: String) {
        let digits = Array("0123456789abcdef".utf8)
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0a: bytes += Array("\\n".utf8)
            case 0..<0x20: bytes += Array("\\u00".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
