/// Standard base64 with padding, RFC 4648 section 4.
package enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let invalid: UInt8 = 0xff
    /// The value of each byte as a digit.
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: invalid, count: 256)
        for (value, digit) in alphabet.enumerated() { values[Int(digit)] = UInt8(value) }
        return values
    }()

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let rest = min(3, bytes.count - index)
            var group = UInt32(bytes[index]) << 16
            if rest > 1 { group |= UInt32(bytes[index + 1]) << 8 }
            if rest > 2 { group |= UInt32(bytes[index + 2]) }
            for position in 0..<4 {
                let digit = Int(group >> UInt32(18 - 6 * position)) & 63
                text.append(position <= rest ? alphabet[digit] : UInt8(ascii: "="))
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// Nil unless the text is padded, canonical base64.
    package static func decode(_ text: some StringProtocol) -> [UInt8]? {
        var bytes: [UInt8] = []
        let isValid = Array(text.utf8).withUnsafeBytes { decode($0, into: &bytes) }
        return isValid ? bytes : nil
    }

    /// Replaces `bytes` by what the text stands for; false unless it is padded, canonical base64.
    package static func decode(_ text: UnsafeRawBufferPointer, into bytes: inout [UInt8]) -> Bool {
        bytes.removeAll(keepingCapacity: true)
        guard text.count % 4 == 0 else { return false }
        let padding = text.suffix(2).reduce(0) { $1 == UInt8(ascii: "=") ? $0 + 1 : $0 }
        let count = text.count - padding
        let groups = count / 4
        bytes.reserveCapacity(groups * 3 + 2)
        var seen: UInt8 = 0
        values.withUnsafeBufferPointer { values in
            for group in 0..<groups {
                let a = values[Int(text[4 * group])]
                let b = values[Int(text[4 * group + 1])]
                let c = values[Int(text[4 * group + 2])]
                let d = values[Int(text[4 * group + 3])]
                seen |= a | b | c | d
                bytes.append(a << 2 | b >> 4)
                bytes.append(b << 4 | c >> 2)
                bytes.append(c << 6 | d)
            }
        }
        // Digits are below 64, and what is none is 255.
        guard seen < 64 else { return false }
        var rest: UInt32 = 0
        for digit in text[(4 * groups)..<count] {
            guard values[Int(digit)] != invalid else { return false }
            rest = rest << 6 | UInt32(values[Int(digit)])
        }
        switch count - 4 * groups {
        case 0: return padding == 0
        case 2 where rest & 15 == 0: bytes.append(UInt8(truncatingIfNeeded: rest >> 4))
        case 3 where rest & 3 == 0:
            bytes.append(UInt8(truncatingIfNeeded: rest >> 10))
            bytes.append(UInt8(truncatingIfNeeded: rest >> 2))
        default: return false
        }
        return true
    }
}
