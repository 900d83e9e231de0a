import Accounting
import Events

extension Reconciliation {
    /// How a comparison is written.
    public enum Format: String, Sendable, CaseIterable {
        /// Columns for a terminal: what differs, then the sums.
        case table
        /// One object with every line; money as exact decimal strings.
        case json
        /// RFC 4180 with a header: every line, one record for each figure.
        case csv
    }

    /// The comparison as text.
    public func render(_ format: Format) -> [UInt8] {
        switch format {
        case .table: Array(table().utf8)
        case .json: json()
        case .csv: csv()
        }
    }

    private static func text(_ figure: Bill.Figure, _ value: Int128) -> String {
        figure == .cost ? MoneyTotal(picodollars: value).dollars : String(value)
    }

    /// The name of a line's model for people.
    private static func name(_ row: Row) -> String { row.key.model.isEmpty ? "(no model)" : row.key.model }

    /// The difference as a share of the bill's figure, in hundredths of a percent.
    private static func share(_ bill: Int128, _ ledger: Int128) -> String {
        guard bill != 0 else { return "-" }
        let (scaled, overflow) = (ledger - bill).multipliedReportingOverflow(by: 10_000)
        guard !overflow else { return "-" }
        let hundredths = scaled / Int128(bill.magnitude)
        let magnitude = hundredths.magnitude
        let fraction = magnitude % 100
        return "\(ledger < bill ? "-" : "+")\(magnitude / 100).\(fraction < 10 ? "0" : "")\(fraction)%"
    }

    private func table() -> String {
        var lines = [["date", "model", "figure", "bill", "ledger", "difference", "share", ""]]
        func add(_ row: Row, _ date: String, _ figures: [Bill.Figure]) {
            for figure in figures {
                let (bill, ledger) = (row.bill[figure], row.ledger[figure])
                let note =
                    switch row.status {
                    case .onlyOnBill: "only on the bill"
                    case .onlyInLedger: "only in the ledger"
                    case .agrees, .differs: ""
                    }
                lines.append([
                    date, Self.name(row), figure.rawValue, Self.text(figure, bill), Self.text(figure, ledger),
                    Self.text(figure, ledger - bill), Self.share(bill, ledger), note,
                ])
            }
        }
        for row in rows { add(row, Timestamp.dayText(row.key.day), row.differing) }
        add(total, "", figures)
        let different = rows.filter { $0.status != .agrees }.count
        let what = figures.isEmpty || !rows.contains { !$0.key.model.isEmpty } ? "days" : "days and models"
        var words = "\(rows.count - different) of \(rows.count) \(what) agree"
        words += different == 0 ? ".\n" : ", \(different) differ\(different == 1 ? "s" : "").\n"
        if total.unpriced > 0, figures.contains(.cost) {
            words += "\(total.unpriced) requests of the ledger have no price; see `tollgate prices missing`.\n"
        }
        return Self.aligned(lines) + words
    }

    private static func aligned(_ lines: [[String]]) -> String {
        let numbers = 3...6
        let shown = lines.map { $0.map(printable) }
        let widths = (0..<8).map { column in shown.map { $0[column].count }.max() ?? 0 }
        return shown.map { line in
            var text = ""
            for (column, cell) in line.enumerated() {
                let padding = String(repeating: " ", count: widths[column] - cell.count)
                text += (column == 0 ? "" : "  ") + (numbers.contains(column) ? padding + cell : cell + padding)
            }
            while text.last == " " { text.removeLast() }
            return text + "\n"
        }
        .joined()
    }

    /// Text from outside without what could steer a terminal.
    private static func printable(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { $0.value < 0x20 || (0x7f..<0xa0).contains($0.value) ? "?" : $0 }
            )
        )
    }

    private func csv() -> [UInt8] {
        var header = CSVRow()
        for name in ["date", "model", "status", "figure", "bill", "ledger", "difference"] { header.text(name) }
        var out = header.line
        for row in rows {
            for figure in figures {
                var line = CSVRow()
                line.text(Timestamp.dayText(row.key.day))
                line.text(row.key.model)
                line.text(row.status.rawValue)
                line.text(figure.rawValue)
                line.exact(Self.text(figure, row.bill[figure]))
                line.exact(Self.text(figure, row.ledger[figure]))
                line.exact(Self.text(figure, row.ledger[figure] - row.bill[figure]))
                out += line.line
            }
        }
        return out
    }

    private func json() -> [UInt8] {
        var json = JSONText(capacity: 512 + rows.count * 512)
        json.object { json in
            json.key("agrees")
            json.bool(agrees)
            json.key("bill")
            json.string(form.rawValue)
            json.key("money")
            json.string(money.rawValue)
            json.key("tolerance_percent")
            json.string(MoneyTotal(picodollars: Int128(tolerance.millionths) * 100_000_000).dollars)
            json.key("rows")
            json.array { json in
                for row in rows {
                    json.object { json in
                        json.key("date")
                        json.string(Timestamp.dayText(row.key.day))
                        json.key("model")
                        json.string(row.key.model)
                        write(row, &json)
                    }
                }
            }
            json.key("total")
            json.object { write(total, &$0) }
        }
        json.append(0x0a)
        return json.bytes
    }

    private func write(_ row: Row, _ json: inout JSONText) {
        json.key("status")
        json.string(row.status.rawValue)
        json.key("differing")
        json.array { json in for figure in row.differing { json.string(figure.rawValue) } }
        json.key("unpriced")
        json.number(row.unpriced)
        for figure in figures {
            json.key(text: figure.rawValue)
            json.object { json in
                for (name, value) in [
                    ("bill", row.bill[figure]), ("ledger", row.ledger[figure]),
                    ("difference", row.ledger[figure] - row.bill[figure]),
                ] {
                    json.key(text: name)
                    if figure == .cost { json.string(Self.text(figure, value)) } else { json.number(value) }
                }
            }
        }
    }
}
