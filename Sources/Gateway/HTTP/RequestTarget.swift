/// The parts of a proxied request's target: `/proxy/{group}/{rest}?{query}`.
package struct RequestTarget: Equatable, Sendable {
    /// The group's name.
    package let group: String
    /// The path for the upstream, starting with `/`, as it stood.
    package let path: String
    /// The query without the client's `key`, nil when none is left.
    package let query: String?
    /// The client's key from `?key=`, percent-decoded.
    package let key: String?

    /// Reads a target; nil when it is not under `/proxy/{group}/`.
    ///
    /// - Parameter takesKey: whether `key` is the client's credential, to be read and removed.
    package init?(_ target: String, takesKey: Bool = true) {
        let prefix = "/proxy/"
        let origin = Self.originForm(target)
        guard origin.utf8.starts(with: prefix.utf8) else { return nil }
        let afterPrefix = origin.utf8.dropFirst(prefix.utf8.count)
        let pathEnd =
            afterPrefix.firstIndex { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") } ?? afterPrefix.endIndex
        let groupEnd = afterPrefix[..<pathEnd].firstIndex(of: UInt8(ascii: "/")) ?? pathEnd
        group = String(Substring(afterPrefix[..<groupEnd]))
        path = groupEnd == pathEnd ? "/" : String(Substring(afterPrefix[groupEnd..<pathEnd]))
        guard pathEnd < afterPrefix.endIndex, afterPrefix[pathEnd] == UInt8(ascii: "?") else {
            query = nil
            key = nil
            return
        }
        let text = afterPrefix[afterPrefix.index(after: pathEnd)...].prefix { $0 != UInt8(ascii: "#") }
        guard takesKey else {
            query = String(Substring(text))
            key = nil
            return
        }
        var found: String?
        var kept: [Substring] = []
        for pair in Substring(text).split(separator: "&", omittingEmptySubsequences: false) {
            if pair.utf8.starts(with: "key=".utf8) {
                found = found ?? Self.percentDecoded(pair.dropFirst(4))
            } else {
                kept.append(pair)
            }
        }
        key = found
        query = found == nil ? String(Substring(text)) : kept.isEmpty ? nil : kept.joined(separator: "&")
    }

    /// The target from its path on: a server must also take a whole URL (RFC 9112 section 3.2.2).
    private static func originForm(_ target: String) -> Substring {
        for scheme in ["http://", "https://"]
        where target.utf8.prefix(scheme.utf8.count).elementsEqual(scheme.utf8, by: { $0 | 0x20 == $1 || $0 == $1 }) {
            let rest = target.utf8.dropFirst(scheme.utf8.count)
            return Substring(rest[(rest.firstIndex { $0 == UInt8(ascii: "/") } ?? rest.endIndex)...])
        }
        return Substring(target)
    }

    /// Whether a segment of the path is `.` or `..`, plain or percent-encoded, however servers may tell segments apart: an
    /// upstream that resolves it would be asked for something outside its base path.
    package var hasDotSegment: Bool {
        let decoded = Self.percentDecoded(Substring(path)).utf8
        return decoded.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.contains { segment in
            let name = segment.prefix { $0 != UInt8(ascii: ";") }
            return name.elementsEqual(".".utf8) || name.elementsEqual("..".utf8)
        }
    }

    /// Percent-decodes a query value; `+` stays, because keys are not form data.
    package static func percentDecoded(_ text: Substring) -> String {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "%"), let high = rest.first.flatMap(hexDigit),
                let low = rest.dropFirst().first.flatMap(hexDigit)
            {
                rest = rest.dropFirst(2)
                bytes.append(high << 4 | low)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func hexDigit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}
