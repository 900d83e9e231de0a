/// Overwrites the members of one JSON object by those of another that are not null (Anthropic's `message_delta`).
///
/// Works on the text, so that the raw usage object stays as the provider wrote it; nil when either is malformed.
func overlay(_ base: UnsafeRawBufferPointer, by delta: UnsafeRawBufferPointer) -> [UInt8]? {
    let lower = JSONSkipper(bytes: base)
    let upper = JSONSkipper(bytes: delta)
    var updates: [(key: Range<Int>, value: Range<Int>)] = []
    let upperEnd = upper.members(of: upper.skipSpace(0)) { key, value in
        if !delta.slice(value).equals("null") { updates.append((key, value)) }
    }
    guard upperEnd != nil else { return nil }
    var result: [UInt8] = [Ascii.openBrace]
    func append(_ bytes: UnsafeRawBufferPointer, _ key: Range<Int>, _ value: Range<Int>) {
        if result.count > 1 { result.append(Ascii.comma) }
        result.append(Ascii.quote)
        result.append(contentsOf: bytes.slice(key))
        result.append(Ascii.quote)
        result.append(Ascii.colon)
        result.append(contentsOf: bytes.slice(value))
    }
    let lowerEnd = lower.members(of: lower.skipSpace(0)) { key, value in
        let name = base.slice(key)
        if !updates.contains(where: { delta.slice($0.key).elementsEqual(name) }) { append(base, key, value) }
    }
    guard lowerEnd != nil else { return nil }
    for update in updates { append(delta, update.key, update.value) }
    result.append(Ascii.closeBrace)
    return result
}

/// Counts that come without a usage object, gathered until they can be written as one.
struct LooseCounts {
    private var names: [StaticString] = []
    private var counts: [Int64] = []

    var isEmpty: Bool { names.isEmpty }

    /// Notes a count; of repeated ones the largest counts, because streams repeat growing figures.
    mutating func note(_ name: StaticString, _ count: Int64) {
        for index in names.indices where names[index].utf8Start == name.utf8Start {
            counts[index] = max(counts[index], count)
            return
        }
        names.append(name)
        counts.append(count)
    }

    /// The counts as a JSON object.
    var json: [UInt8] {
        var result: [UInt8] = [Ascii.openBrace]
        for index in names.indices {
            if index > 0 { result.append(Ascii.comma) }
            result.append(Ascii.quote)
            names[index].withUTF8Buffer { result.append(contentsOf: $0) }
            result.append(contentsOf: [Ascii.quote, Ascii.colon])
            result.append(contentsOf: String(counts[index]).utf8)
        }
        result.append(Ascii.closeBrace)
        return result
    }
}
