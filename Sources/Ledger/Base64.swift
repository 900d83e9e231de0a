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

    /// The two digits of each 12 bits, the first one in the lower byte.
    private static let pairs: [UInt16] = (0..<4096).map { UInt16(alphabet[$0 >> 6]) | UInt16(alphabet[$0 & 63]) << 8 }

    package static func encode(_ bytes: [UInt8]) -> String {
        var text = [UInt8](repeating: 0, count: length(of: bytes.count))
        bytes.withUnsafeBytes { bytes in text.withUnsafeMutableBytes { encode(bytes, into: $0) } }
        return String(decoding: text, as: UTF8.self)
    }

    /// The digits that so many bytes take.
    package static func length(of count: Int) -> Int { (count + 2) / 3 * 4 }

    /// Writes the digits of the bytes; `text` has room for exactly as many as ``length(of:)`` says.
    package static func encode(_ bytes: UnsafeRawBufferPointer, into text: UnsafeMutableRawBufferPointer) {
        let groups = bytes.count / 3
        pairs.withUnsafeBufferPointer { pairs in
            for group in 0..<groups {
                let value = Int(bytes[3 * group]) << 16 | Int(bytes[3 * group + 1]) << 8 | Int(bytes[3 * group + 2])
                let digits = UInt32(pairs[value >> 12]) | UInt32(pairs[value & 4095]) << 16
                text.storeBytes(of: digits.littleEndian, toByteOffset: 4 * group, as: UInt32.self)
            }
        }
        let rest = bytes.count - 3 * groups
        guard rest > 0 else { return }
        let value = Int(bytes[3 * groups]) << 16 | (rest > 1 ? Int(bytes[3 * groups + 1]) << 8 : 0)
        text[4 * groups] = alphabet[value >> 18]
        text[4 * groups + 1] = alphabet[value >> 12 & 63]
        text[4 * groups + 2] = rest > 1 ? alphabet[value >> 6 & 63] : UInt8(ascii: "=")
        text[4 * groups + 3] = UInt8(ascii: "=")
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
