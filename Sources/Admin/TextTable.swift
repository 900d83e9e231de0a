/// A table of aligned columns for a terminal; control characters in the cells are shown as `?`.
package struct TextTable {
    private var rows: [[String]]
    private let isNumber: [Bool]

    /// A table with its headings; a heading that begins with `>` is of a column of figures.
    package init(_ headings: [String]) {
        isNumber = headings.map { $0.hasPrefix(">") }
        rows = [headings.map { $0.hasPrefix(">") ? String($0.dropFirst()) : $0 }]
    }

    /// Adds a line; cells beyond the columns are dropped.
    package mutating func add(_ cells: [String]) {
        rows.append(
            cells.map { cell in
                String(
                    String.UnicodeScalarView(
                        cell.unicodeScalars.map { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) ? "?" : $0 }
                    )
                )
            }
        )
    }

    /// The lines, each ended.
    package var text: String {
        let widths = isNumber.indices.map { column in rows.map { column < $0.count ? $0[column].count : 0 }.max() ?? 0 }
        return rows.map { row in
            var line = ""
            for (column, cell) in row.enumerated() where column < widths.count {
                let padding = String(repeating: " ", count: max(0, widths[column] - cell.count))
                line += (column == 0 ? "" : "  ") + (isNumber[column] ? padding + cell : cell + padding)
            }
            while line.last == " " { line.removeLast() }
            return line + "\n"
        }
        .joined()
    }
}
