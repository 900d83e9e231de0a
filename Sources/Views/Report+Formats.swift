import Accounting
package import Events

extension Report {
    /// How a report is written.
    public enum Format: String, Sendable, CaseIterable {
        /// Columns for a terminal, with a bar for each row's share.
        case table
        /// One object with the question, the rows and the total; money as exact decimal strings.
        case json
        /// RFC 4180 with a header.
        case csv
        /// A Markdown table.
        case md
    }

    /// The report as text.
    public func render(_ format: Format) -> [UInt8] {
        switch format {
        case .table: Array(table().utf8)
        case .json: json()
        case .csv: csv()
        case .md: Array(markdown().utf8)
        }
    }

    private var headings: [String] {
        ["requests", "errors", "input", "output", "cached", "charged USD", "restated USD"]
            + (whatIf == nil ? [] : ["what if USD"]) + ["unpriced", "share"]
    }

    private func figures(_ sums: Sums, _ whatIf: Sums?) -> [String] {
        [
            String(sums.requests), String(sums.errors), String(sums.input), String(sums.output),
            Self.percent(Int128(max(0, sums.cacheRead)), of: Int128(sums.input)),
            sums.charged.dollars, isRestated ? sums.restated.dollars : "…",
        ] + (whatIf.map { [Self.dollarsIfKnown($0)] } ?? []) + [String(sums.unpriced), share(sums)]
    }

    /// Money by a book that nobody adopted; a dash where that book has no price for any of it, which is not zero.
    private static func dollarsIfKnown(_ sums: Sums) -> String {
        sums.restatedUnpriced > 0 && sums.restated.picodollars == 0 ? "-" : sums.restated.dollars
    }

    private func figures(_ row: Row) -> [String] { figures(row.sums, whatIf?[row.key]) }

    private var totalFigures: [String] { figures(total, whatIf?.total) }

    /// A share in tenths of a percent.
    private static func percent(_ part: Int128, of whole: Int128) -> String {
        guard whole > 0 else { return "-" }
        let tenths = part * 1000 / whole
        return "\(tenths / 10).\(tenths % 10)%"
    }

    /// The share of the money, or of the requests where none was charged.
    private func share(_ sums: Sums) -> String {
        total.charged.picodollars > 0
            ? Self.percent(sums.charged.picodollars, of: total.charged.picodollars)
            : Self.percent(Int128(sums.requests), of: Int128(total.requests))
    }

    private func table() -> String {
        var lines = [query.by.map(\.rawValue) + headings]
        lines += rows.map { $0.key.map(Self.printable) + figures($0) }
        lines.append(query.by.indices.map { $0 == 0 ? "total" : "" } + totalFigures)
        let widths = (0..<(lines.first?.count ?? 0)).map { column in lines.map { $0[column].count }.max() ?? 0 }
        var text = ""
        for (number, line) in lines.enumerated() {
            if number == lines.count - 1, lines.count > 2 {
                text += String(repeating: "─", count: widths.reduce(0, +) + 2 * (widths.count - 1)) + "\n"
            }
            var row = ""
            for (column, cell) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                row += (column == 0 ? "" : "  ") + (column < query.by.count ? cell + padding : padding + cell)
            }
            if number > 0, number <= rows.count { row += bar(rows[number - 1].sums) }
            while row.last == " " { row.removeLast() }
            text += row + "\n"
        }
        return text
    }

    private func bar(_ sums: Sums) -> String {
        let isMoney = total.charged.picodollars > 0
        let whole = isMoney ? total.charged.picodollars : Int128(total.requests)
        let part = isMoney ? sums.charged.picodollars : Int128(sums.requests)
        guard whole > 0 else { return "" }
        let eighths = Int((min(1, max(0, Double(part) / Double(whole))) * 80).rounded())
        let tips = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let full = min(10, max(0, eighths / 8))
        return "  " + String(repeating: "█", count: full) + tips[full == 10 ? 0 : max(0, eighths % 8)]
    }

    /// Text from outside without what could steer a terminal.
    private static func printable(_ text: String) -> String {
        String(String.UnicodeScalarView(text.unicodeScalars.map { $0.properties.isPrintable ? $0 : "�" }))
    }

    private func markdown() -> String {
        let names = query.by.map(\.rawValue)
        var text = "| " + (names + headings).joined(separator: " | ") + " |\n"
        text += "|" + names.map { _ in "---|" }.joined() + headings.map { _ in "---:|" }.joined() + "\n"
        for row in rows {
            let key = row.key.map { Self.printable($0).split(separator: "|", omittingEmptySubsequences: false) }
            let cells = key.map { $0.joined(separator: "\\|") } + figures(row)
            text += "| " + cells.joined(separator: " | ") + " |\n"
        }
        let cells = names.indices.map { $0 == 0 ? "**total**" : "" } + totalFigures
        return text + "| " + cells.joined(separator: " | ") + " |\n"
    }

    private func csv() -> [UInt8] {
        var header = CSVRow()
        for column in query.by { header.text(column.rawValue) }
        for name in [
            "requests", "errors", "input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens",
            "charged_usd", "restated_usd", "unpriced", "restated_unpriced",
        ] {
            header.text(name)
        }
        if whatIf != nil { for name in ["what_if_usd", "what_if_unpriced"] { header.text(name) } }
        var out = header.line
        for row in rows {
            var line = CSVRow()
            for value in row.key { line.text(value) }
            line.number(row.sums.requests)
            line.number(row.sums.errors)
            line.number(row.sums.input)
            line.number(row.sums.output)
            line.number(row.sums.cacheRead)
            line.number(row.sums.cacheWrite)
            line.exact(row.sums.charged.dollars)
            line.exact(isRestated ? row.sums.restated.dollars : "")
            line.number(row.sums.unpriced)
            line.number(row.sums.restatedUnpriced)
            if let sums = whatIf?[row.key] {
                line.exact(sums.restated.dollars)
                line.number(sums.restatedUnpriced)
            }
            out += line.line
        }
        return out
    }

    private func json() -> [UInt8] {
        var json = JSONText(capacity: 256 + rows.count * 256)
        json.object { json in
            json.key("by")
            json.array { json in for column in query.by { json.string(column.rawValue) } }
            json.key("since")
            json.string(ifPresent: query.since.map(Timestamp.text))
            json.key("until")
            json.string(ifPresent: query.until.map(Timestamp.text))
            json.key("price_book")
            json.number(ifPresent: bookRevision == 0 ? nil : bookRevision)
            json.key("rows")
            json.array { json in
                for row in rows {
                    json.object { json in
                        for (column, value) in zip(query.by, row.key) {
                            json.key(text: column.rawValue)
                            json.string(value)
                        }
                        row.sums.write(&json, isRestated: isRestated)
                        whatIf?[row.key].writeWhatIf(&json)
                    }
                }
            }
            json.key("total")
            json.object { json in
                total.write(&json, isRestated: isRestated)
                whatIf?.total.writeWhatIf(&json)
            }
        }
        json.append(0x0a)
        return json.bytes
    }
}

extension Sums {
    fileprivate func writeWhatIf(_ json: inout JSONText) {
        json.key("what_if_usd")
        json.string(restated.dollars)
        json.key("what_if_unpriced")
        json.number(restatedUnpriced)
    }

    package func write(_ json: inout JSONText, isRestated: Bool) {
        json.key("requests")
        json.number(requests)
        json.key("errors")
        json.number(errors)
        json.key("tokens")
        json.object { json in
            json.key("input")
            json.number(input)
            json.key("output")
            json.number(output)
            json.key("cache_read")
            json.number(cacheRead)
            json.key("cache_write")
            json.number(cacheWrite)
        }
        json.key("charged_usd")
        json.string(charged.dollars)
        json.key("restated_usd")
        json.string(ifPresent: isRestated ? restated.dollars : nil)
        json.key("unpriced")
        json.number(unpriced)
        json.key("restated_unpriced")
        json.number(ifPresent: isRestated ? restatedUnpriced : nil)
    }
}

extension Unicode.Scalar.Properties {
    fileprivate var isPrintable: Bool {
        switch generalCategory {
        case .control, .format, .surrogate, .privateUse, .unassigned, .lineSeparator, .paragraphSeparator: false
        default: true
        }
    }
}
