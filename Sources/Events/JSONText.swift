/// Builds JSON text as bytes: compact, keys in the order they are given, strings escaped.
package struct JSONText {
    package var bytes: [UInt8] = []
    private var needsComma = false

    package init(capacity: Int = 512) { bytes.reserveCapacity(capacity) }

    /// Begins another value behind what was written; no comma stands between them.
    package mutating func begin() { needsComma = false }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(0x2c) }
        needsComma = true
    }

    package mutating func key(_ name: StaticString) {
        separate()
        bytes.append(0x22)
        name.withUTF8Buffer { bytes.append(contentsOf: $0) }
        bytes.append(0x22)
        bytes.append(0x3a)
        needsComma = false
    }

    package mutating func key(text: String) {
        string(text)
        bytes.append(0x3a)
        needsComma = false
    }

    package mutating func open(_ bracket: UInt8) {
        separate()
        bytes.append(bracket)
        needsComma = false
    }

    package mutating func close(_ bracket: UInt8) {
        bytes.append(bracket)
        needsComma = true
    }

    package mutating func object(_ body: (inout JSONText) -> Void) {
        open(0x7b)
        body(&self)
        close(0x7d)
    }

    package mutating func array(_ body: (inout JSONText) -> Void) {
        open(0x5b)
        body(&self)
        close(0x5d)
    }

    package mutating func number(_ value: some BinaryInteger) {
        separate()
        guard let small = UInt32(exactly: value) else {
            bytes.append(contentsOf: String(value).utf8)
            return
        }
        // Most numbers are small, and a string of each would cost more than the rest of a line.
        var rest = small
        var digits: UInt64 = 0
        var count = 0
        repeat {
            // Ten digits do not fit, so the first two come by themselves.
            guard count < 8 else { break }
            digits = digits << 8 | UInt64(0x30 + rest % 10)
            rest /= 10
            count += 1
        } while rest > 0
        if rest > 0 { bytes.append(contentsOf: String(rest).utf8) }
        withUnsafeBytes(of: digits.littleEndian) { bytes.append(contentsOf: $0.prefix(count)) }
    }

    package mutating func number(ifPresent value: (some BinaryInteger)?) {
        if let value { number(value) } else { null() }
    }

    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    package mutating func null() { literal("null") }

    private mutating func literal(_ text: StaticString) {
        separate()
        text.withUTF8Buffer { bytes.append(contentsOf: $0) }
    }

    /// Text that is JSON already.
    package mutating func verbatim(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    package mutating func string(ifPresent value: String?) {
        if let value { string(value) } else { null() }
    }

    package mutating func string(_ value: String) {
        separate()
        bytes.append(0x22)
        var value = value
        value.withUTF8 { text in
            // What needs no escape, nearly always all of it, is copied in one piece.
            var start = 0
            for index in 0..<text.count {
                let byte = text[index]
                guard byte < 0x20 || byte == 0x22 || byte == 0x5c || byte == 0x7f else { continue }
                bytes.append(contentsOf: text[start..<index])
                escape(byte)
                start = index + 1
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
        }
        bytes.append(0x22)
    }

    private mutating func escape(_ byte: UInt8) {
        switch byte {
        case 0x22, 0x5c:
            bytes.append(0x5c)
            bytes.append(byte)
        case 0x0a: bytes.append(contentsOf: [0x5c, 0x6e])
        case 0x0d: bytes.append(contentsOf: [0x5c, 0x72])
        case 0x09: bytes.append(contentsOf: [0x5c, 0x74])
        default: bytes.append(contentsOf: [0x5c, 0x75, 0x30, 0x30, hexDigit(byte >> 4), hexDigit(byte & 15)])
        }
    }
}
