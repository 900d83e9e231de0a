/// The fields of a `multipart/form-data` body that is wholly in memory (RFC 7578).
struct Multipart {
    let bytes: UnsafeRawBufferPointer
    let boundary: [UInt8]

    /// The boundary that a content type names; nil when it is not a multipart form.
    static func boundary(of contentType: String) -> [UInt8]? {
        guard contentType.utf8.first.map({ $0 | 0x20 }) == UInt8(ascii: "m") else { return nil }
        let all = Array(contentType.utf8)
        let kind = Array("multipart/form-data".utf8)
        guard all.count > kind.count, zip(all, kind).allSatisfy({ Ascii.lower($0) == $1 }) else { return nil }
        let label = Array("boundary=".utf8)
        var index = kind.count
        while index + label.count <= all.count {
            if zip(all[index...], label).allSatisfy({ Ascii.lower($0) == $1 }) {
                var rest = all[(index + label.count)...]
                if rest.first == Ascii.quote {
                    rest = rest.dropFirst().prefix { $0 != Ascii.quote }
                } else {
                    rest = rest.prefix { $0 != UInt8(ascii: ";") && !Ascii.isSpace($0) }
                }
                return rest.isEmpty || rest.count > 200 ? nil : Array("--".utf8) + rest
            }
            index += 1
        }
        return nil
    }

    /// Calls `body` with the name and content of each part that has a name.
    func forEachField(_ body: (_ name: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void) {
        guard var position = find(boundary, from: 0) else { return }
        while true {
            let partStart = position + boundary.count
            guard let headerEnd = find(Array("\r\n\r\n".utf8), from: partStart),
                let next = find(boundary, from: headerEnd)
            else { return }
            let headers = bytes.slice(partStart..<headerEnd)
            let contentStart = headerEnd + 4
            // The line break before a boundary belongs to the boundary.
            let contentEnd = max(contentStart, next - 2)
            if let name = Self.name(in: headers) { body(name, bytes.slice(contentStart..<contentEnd)) }
            position = next
        }
    }

    /// Where a value that ``forEachField(_:)`` gave stands in the body; nil for other bytes.
    func range(of value: UnsafeRawBufferPointer) -> Range<Int>? {
        guard let base = bytes.baseAddress, let start = value.baseAddress else { return nil }
        let offset = start - base
        return offset >= 0 && offset + value.count <= bytes.count ? offset..<offset + value.count : nil
    }

    private static func name(in headers: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer? {
        let label = Array("name=".utf8)
        var index = 0
        while index + label.count <= headers.count {
            let fits = (0..<label.count).allSatisfy { Ascii.lower(headers[index + $0]) == label[$0] }
            // `filename="` ends in the same letters.
            if fits, index == 0 || !(0x61...0x7A).contains(Ascii.lower(headers[index - 1])) {
                var start = index + label.count
                let isQuoted = start < headers.count && headers[start] == Ascii.quote
                if isQuoted { start += 1 }
                var end = start
                while end < headers.count, isQuoted ? headers[end] != Ascii.quote : Self.isToken(headers[end]) {
                    end += 1
                }
                return end < headers.count || !isQuoted ? headers.slice(start..<end) : nil
            }
            index += 1
        }
        return nil
    }

    /// Whether a byte may stand in a value without quotes.
    private static func isToken(_ byte: UInt8) -> Bool { byte > 0x20 && byte != UInt8(ascii: ";") }

    private func find(_ pattern: [UInt8], from start: Int) -> Int? {
        guard let base = bytes.baseAddress, let first = pattern.first else { return nil }
        var index = start
        while index + pattern.count <= bytes.count {
            index = firstIndex(of: first, or: first, in: base, from: index, to: bytes.count)
            guard index + pattern.count <= bytes.count else { return nil }
            if (1..<pattern.count).allSatisfy({ bytes[index + $0] == pattern[$0] }) { return index }
            index += 1
        }
        return nil
    }
}
