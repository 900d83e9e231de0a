/// Standard base64 with padding (RFC 4648).
package func base64(_ bytes: [UInt8]) -> String {
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var out: [UInt8] = []
    out.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        var bits = 0
        for byte in group { bits = bits << 8 | Int(byte) }
        bits <<= 8 * (3 - group.count)
        for digit in 0..<4 {
            out.append(digit <= group.count ? alphabet[bits >> (18 - 6 * digit) & 63] : 0x3d)
        }
    }
    return String(decoding: out, as: UTF8.self)
}
