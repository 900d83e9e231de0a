/// Finds the rows of a book for a provider and a model.
struct PriceIndex: Sendable {
    private struct Provider: Sendable {
        var exact: [String: [Int]] = [:]
        /// By descending length.
        var prefixes: [(text: String, rows: [Int])] = []
        /// By descending length.
        var patterns: [(text: String, rows: [Int])] = []
    }

    private var providers: [String: Provider] = [:]
    private let fallbacks: [String: [String]]
    private let rows: [PriceRow]

    /// Names that configurations use for providers of the book.
    private static let otherNames = [
        "gemini": "google", "vertex": "google", "vertex-ai": "google", "bedrock": "aws", "amazon": "aws",
        "xai": "x-ai", "azure-openai": "azure", "moonshot": "moonshotai", "voyage": "voyageai",
    ]

    init(_ book: PriceBook) {
        rows = book.rows
        fallbacks = book.fallbacks
        var prefixes: [String: [String: [Int]]] = [:]
        var patterns: [String: [String: [Int]]] = [:]
        for (index, row) in book.rows.enumerated() {
            var provider = providers.removeValue(forKey: row.provider) ?? Provider()
            let text = row.match.text.asciiLowercased
            switch row.match {
            case .exact: provider.exact[text, default: []].append(index)
            case .prefix: prefixes[row.provider, default: [:]][text, default: []].append(index)
            case .pattern: patterns[row.provider, default: [:]][text, default: []].append(index)
            }
            for alias in row.aliases { provider.exact[alias.asciiLowercased, default: []].append(index) }
            providers[row.provider] = provider
        }
        func byLength(_ table: [String: [Int]]) -> [(text: String, rows: [Int])] {
            table.map { (text: $0.key, rows: $0.value) }
                .sorted { ($0.text.utf8.count, $1.text) > ($1.text.utf8.count, $0.text) }
        }
        for (name, table) in prefixes { providers[name]?.prefixes = byLength(table) }
        for (name, table) in patterns { providers[name]?.patterns = byLength(table) }
    }

    /// The indices of the rows for a model, the ones that go first first; rows for dates and conditions that do not
    /// hold are among them.
    func candidates(provider: String, model: String) -> [Int] {
        let forms = ModelName.forms(of: model)
        guard !forms.isEmpty else { return [] }
        var name = provider.asciiLowercased
        if providers[name] == nil, let other = Self.otherNames[name] { name = other }
        var found: [Int] = []
        for provider in [name] + (fallbacks[name] ?? []) + ["*"] {
            collect(providers[provider], forms: forms, into: &found)
        }
        return found
    }

    private func collect(_ provider: Provider?, forms: [String], into found: inout [Int]) {
        guard let provider else { return }
        func add(_ rows: [Int]) {
            for row in rows.sorted(by: precedes) where !found.contains(row) { found.append(row) }
        }
        for form in forms {
            if let rows = provider.exact[form] { add(rows) }
        }
        for prefix in provider.prefixes where forms.contains(where: { $0.hasPrefix(prefix.text) }) { add(prefix.rows) }
        for pattern in provider.patterns
        where forms.contains(where: { ModelName.matches($0, pattern: pattern.text) }) {
            add(pattern.rows)
        }
    }

    /// Among rows that match alike: more conditions first, then the latest date, then the later in the file.
    private func precedes(_ left: Int, _ right: Int) -> Bool {
        let (first, second) = (rows[left], rows[right])
        return (first.conditions.count, first.effectiveFrom, left) > (
            second.conditions.count, second.effectiveFrom, right
        )
    }
}
