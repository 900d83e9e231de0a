/// Finds what somebody probably meant.
enum Suggestion {
    /// The known word nearest to a misspelt one, nil when none is near enough to be worth saying.
    static func nearest(to word: String, among known: [String]) -> String? {
        let folded = fold(word)
        let allowed = max(1, min(3, word.count / 3))
        var best: (word: String, distance: Int)?
        for candidate in known {
            let distance = Self.distance(folded, fold(candidate))
            if distance <= allowed, distance < best?.distance ?? Int.max { best = (candidate, distance) }
        }
        return best?.word
    }

    /// The end of a message about an unknown word: `; did you mean "x"?`, or what is known.
    static func text(for word: String, among known: [String]) -> String {
        if let match = nearest(to: word, among: known) { return "; did you mean \"\(match)\"?" }
        return known.isEmpty ? "" : "; known here: \(known.joined(separator: ", "))"
    }

    private static func fold(_ word: String) -> [Character] {
        Array(word.lowercased().replacing("-", with: "_").prefix(64))
    }

    /// The optimal string alignment distance: insertions, deletions, changes and swapped neighbours.
    private static func distance(_ left: [Character], _ right: [Character]) -> Int {
        var before: [Int] = []
        var previous = Array(0...right.count)
        for (row, a) in left.enumerated() {
            var current = [row + 1]
            for (column, b) in right.enumerated() {
                var cost = min(previous[column] + (a == b ? 0 : 1), previous[column + 1] + 1, current[column] + 1)
                if row > 0, column > 0, a == right[column - 1], left[row - 1] == b {
                    cost = min(cost, before[column - 1] + 1)
                }
                current.append(cost)
            }
            before = previous
            previous = current
        }
        return previous.last ?? left.count
    }
}
