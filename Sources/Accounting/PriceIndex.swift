/// Finds the rows of a book for a provider and a model.
///
/// Names are kept as hashes of 32 bits beside the row, sorted; a hit is compared with the row itself.
struct PriceIndex: Sendable {
    private struct Pattern: Sendable {
        var provider: String
        var text: String
        var row: UInt32
    }

    let rows: PackedRows
    private let providers: Set<String>
    private let fallbacks: [String: [String]]
    /// A hash in the upper half, a row in the lower; ascending.
    private let exact: [UInt64]
    private let prefixes: [UInt64]
    private let longestPrefix: Int
    /// By descending length of the text.
    private let patterns: [Pattern]

    /// Names that configurations use for providers of the book.
    private static let otherNames = [
        "gemini": "google", "vertex": "google", "vertex-ai": "google", "bedrock": "aws", "amazon": "aws",
        "xai": "x-ai", "azure-openai": "azure", "moonshot": "moonshotai", "voyage": "voyageai",
    ]

    init(_ book: PriceBook) {
        rows = PackedRows(book.rows)
        fallbacks = book.fallbacks
        var providers: Set<String> = []
        var exact: [UInt64] = []
        var prefixes: [UInt64] = []
        var patterns: [Pattern] = []
        var longest = 0
        exact.reserveCapacity(book.rows.count * 2)
        for (index, row) in book.rows.enumerated() {
            let number = UInt32(clamping: index)
            providers.insert(row.provider)
            let text = row.match.text.asciiLowercased
            var seed = NameHash()
            seed.add(row.provider)
            seed.add(UInt8(0))
            func entry(_ name: String) -> UInt64 {
                var hash = seed
                hash.add(name)
                return UInt64(hash.value) << 32 | UInt64(number)
            }
            switch row.match {
            case .exact: exact.append(entry(text))
            case .prefix:
                prefixes.append(entry(text))
                longest = max(longest, text.utf8.count)
            case .pattern: patterns.append(Pattern(provider: row.provider, text: text, row: number))
            }
            for alias in row.aliases { exact.append(entry(alias.asciiLowercased)) }
        }
        self.providers = providers
        self.exact = exact.sorted()
        self.prefixes = prefixes.sorted()
        self.patterns = patterns.sorted {
            ($0.text.utf8.count, $1.text, $0.row) > ($1.text.utf8.count, $0.text, $1.row)
        }
        longestPrefix = longest
    }

    /// A row that was found, with its index.
    struct Candidate: Sendable {
        var index: UInt32
        var row: PriceRow
    }

    /// The rows for a model, the ones that go first first; rows for dates and conditions that do not hold are among
    /// them.
    func candidates(provider: String, model: String) -> [Candidate] {
        let forms = ModelName.forms(of: model)
        guard !forms.isEmpty else { return [] }
        var name = provider.asciiLowercased
        if !providers.contains(name), let other = Self.otherNames[name] { name = other }
        var found: [Candidate] = []
        let regional = forms.filter(ModelName.hasRegion)
        let others = forms.filter { !ModelName.hasRegion($0) }
        for provider in [name] + (fallbacks[name] ?? []) + ["*"] where providers.contains(provider) {
            // A row that speaks of the region goes before one for all regions, however well that fits what is left.
            collect(provider, forms: regional, into: &found) { pattern in
                !others.contains { ModelName.matches($0, pattern: pattern) }
            }
            collect(provider, forms: forms, into: &found) { _ in true }
        }
        return found
    }

    private func collect(
        _ provider: String,
        forms: [String],
        into found: inout [Candidate],
        takes: (_ pattern: String) -> Bool
    ) {
        guard !forms.isEmpty else { return }
        var seed = NameHash()
        seed.add(provider)
        seed.add(UInt8(0))
        for form in forms {
            var hash = seed
            hash.add(form)
            add(lookUp(hash, in: exact) { $0.provider == provider && $0.isNamed(form) }, to: &found)
        }
        collectPrefixes(provider, seed, forms: forms, into: &found)
        var last = ""
        var group: [Candidate] = []
        for pattern in patterns where pattern.provider == provider {
            guard forms.contains(where: { ModelName.matches($0, pattern: pattern.text) }), takes(pattern.text),
                let row = rows[pattern.row]
            else { continue }
            if pattern.text != last {
                add(group, to: &found)
                group = []
                last = pattern.text
            }
            group.append(Candidate(index: pattern.row, row: row))
        }
        add(group, to: &found)
    }

    /// Of the beginnings the longest goes first, whichever form of the name it is of.
    private func collectPrefixes(
        _ provider: String,
        _ seed: NameHash,
        forms: [String],
        into found: inout [Candidate]
    ) {
        var hits: [(text: String, rows: [Candidate])] = []
        for form in forms {
            var hash = seed
            var length = 0
            for byte in form.utf8.prefix(longestPrefix) {
                hash.add(byte)
                length += 1
                let rows = lookUp(hash, in: prefixes) { row in
                    guard row.provider == provider, case .prefix(let text) = row.match else { return false }
                    return text.utf8.count == length && form.hasPrefix(text.asciiLowercased)
                }
                guard !rows.isEmpty else { continue }
                let text = String(form.utf8.prefix(length)) ?? form
                if !hits.contains(where: { $0.text == text }) { hits.append((text, rows)) }
            }
        }
        hits.sort { ($0.text.utf8.count, $1.text) > ($1.text.utf8.count, $0.text) }
        for hit in hits { add(hit.rows, to: &found) }
    }

    private func lookUp(_ hash: NameHash, in entries: [UInt64], _ isMeant: (PriceRow) -> Bool) -> [Candidate] {
        let wanted = UInt64(hash.value) << 32
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle] < wanted { low = middle + 1 } else { high = middle }
        }
        var found: [Candidate] = []
        while low < entries.count, entries[low] >> 32 == UInt64(hash.value) {
            let index = UInt32(truncatingIfNeeded: entries[low])
            if let row = rows[index], isMeant(row) { found.append(Candidate(index: index, row: row)) }
            low += 1
        }
        return found
    }

    /// Adds rows that match alike: more conditions first, then the latest date, then the later in the file.
    private func add(_ rows: [Candidate], to found: inout [Candidate]) {
        let ordered = rows.sorted {
            ($0.row.conditions.count, $0.row.effectiveFrom, $0.index) > (
                $1.row.conditions.count, $1.row.effectiveFrom, $1.index
            )
        }
        for row in ordered where !found.contains(where: { $0.index == row.index }) { found.append(row) }
    }
}

extension PriceRow {
    /// Whether a name in lower case is the row's own or an alias.
    fileprivate func isNamed(_ name: String) -> Bool {
        if case .exact(let text) = match, text.asciiLowercased == name { return true }
        return aliases.contains { $0.asciiLowercased == name }
    }
}

/// FNV-1a over names, one after another.
private struct NameHash {
    var value: UInt32 = 0x811c_9dc5

    mutating func add(_ byte: UInt8) { value = (value ^ UInt32(byte)) &* 0x0100_0193 }

    mutating func add(_ text: String) { for byte in text.utf8 { add(byte) } }
}
