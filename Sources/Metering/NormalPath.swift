/// A path in the one spelling of the many that servers take for the same (RFC 3986 sections 6.2.2.2 and 6.2.2.3). What goes
/// upstream stays as it was.
enum NormalPath {
    /// The path with unreserved characters and colons as themselves, and other encoded ones in upper case.
    static func text(_ path: String) -> String {
        guard path.utf8.contains(UInt8(ascii: "%")) else { return path }
        var bytes: [UInt8] = []
        var rest = path.utf8[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%"), let high = rest.first.flatMap(Ascii.hex),
                let low = rest.dropFirst().first.flatMap(Ascii.hex)
            else {
                bytes.append(byte)
                continue
            }
            rest = rest.dropFirst(2)
            let value = high << 4 | low
            switch value {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x3A, 0x5F, 0x7E: bytes.append(value)
            default: bytes += [UInt8(ascii: "%"), Ascii.upperHex(high), Ascii.upperHex(low)]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The segments without `.` and `..`, the last one without parameters and blanks behind it.
    static func segments(_ path: String) -> [Substring] {
        var segments: [Substring] = []
        for segment in path.utf8.split(separator: UInt8(ascii: "/")).map({ Substring($0) }) {
            switch segment {
            case ".": break
            case "..": _ = segments.popLast()
            default: segments.append(segment)
            }
        }
        guard var last = segments.popLast() else { return [] }
        if let end = last.utf8.firstIndex(of: UInt8(ascii: ";")) { last = last[..<end] }
        while last.hasSuffix("%20") { last = last.dropLast(3) }
        return segments + [last]
    }
}
