import Accounting
import Events

extension BillReader {
    /// One record of a bill, read by its columns.
    struct Row {
        let record: CSVReader.Record
        let columns: Columns

        private func field(_ place: Int?) -> String {
            guard let place, place < record.fields.count else { return "" }
            return String(record.fields[place].trimmingBlanks)
        }

        /// True when none of the figures is there.
        var isEmpty: Bool { columns.sources.values.allSatisfy { $0.allSatisfy { field($0).isEmpty } } }

        /// The model as it is written; of a line item what stands before its first comma.
        var model: String {
            let text = field(columns.model)
            guard columns.form == .openAICost, let comma = text.firstIndex(of: ",") else { return text }
            return String(text[..<comma])
        }

        func day() throws(BillError) -> Int64 {
            let start = try moment(columns.day)
            guard let start else { throw BillError(record.line, "there is no day") }
            if let end = try moment(columns.end), end - start > Timestamp.day {
                throw BillError(record.line, "the line is of more than one day; export it by day, hour or minute")
            }
            return Timestamp.floorDivide(start, Timestamp.day)
        }

        private func moment(_ places: [Int]) throws(BillError) -> Int64? {
            guard let text = places.map({ field($0) }).first(where: { !$0.isEmpty }) else { return nil }
            let farthest: Int64 = 253_370_764_800
            if let seconds = Self.whole(text), columns.form != .plain, seconds >= 0, seconds < farthest {
                return Int64(seconds) * 1_000_000
            }
            guard text.utf8.count >= 10, let time = Timestamp.parse(text), time < farthest * 1_000_000, time >= 0 else {
                throw BillError(record.line, "\"\(Self.shown(text))\" is no day: write 2026-11-23")
            }
            return time
        }

        func figures() throws(BillError) -> Bill.Figures {
            var figures = Bill.Figures()
            for (figure, places) in columns.sources {
                for place in places where !field(place).isEmpty {
                    let text = field(place)
                    guard let value = figure == .cost ? Self.money(text) : Self.whole(text) else {
                        let kind = figure == .cost ? "an amount of dollars" : "a whole number"
                        throw BillError(record.line, "\"\(Self.shown(text))\" is not \(kind) (\(figure.rawValue))")
                    }
                    guard figure == .cost || value >= 0 else {
                        throw BillError(record.line, "a count is below zero: \(Self.shown(text)) (\(figure.rawValue))")
                    }
                    figures[figure] += value
                }
            }
            try checkCurrency()
            if columns.form == .anthropicCost { figures.rounding = MoneyTotal(picodollars: 5_000_000_000) }
            return figures
        }

        private func checkCurrency() throws(BillError) {
            let currency = field(columns.currency)
            guard columns.sources[.cost] != nil, !currency.isEmpty, currency.lowercased() != "usd" else { return }
            throw BillError(record.line, "the currency is \(Self.shown(currency)); the ledger is in US dollars")
        }

        /// A whole number, also with a fraction of zeros, as tables that went through floating point have it, and with
        /// commas between thousands.
        static func whole(_ text: String) -> Int128? {
            guard let number = decimal(text), !number.isNegative, let value = number.scaled(by: 0), value.isExact else {
                return negative(text)
            }
            return Int128(value.mantissa)
        }

        private static func negative(_ text: String) -> Int128? {
            guard text.hasPrefix("-"), let value = decimal(String(text.dropFirst()))?.scaled(by: 0), value.isExact
            else {
                return nil
            }
            return -Int128(value.mantissa)
        }

        /// Dollars in picodollars, what is finer rounded half to even; a sign `$` may stand before.
        static func money(_ text: String) -> Int128? {
            var rest = text[...]
            let isNegative = rest.first == "-"
            if isNegative { rest.removeFirst() }
            if rest.first == "$" { rest.removeFirst() }
            guard rest.first != "-", let number = decimal(String(rest))?.scaled(by: 12) else { return nil }
            return isNegative ? -Int128(number.mantissa) : Int128(number.mantissa)
        }

        private static func decimal(_ text: String) -> ScientificDecimal? {
            guard text.contains(",") else { return ScientificDecimal(text) }
            let point = text.firstIndex(of: ".") ?? text.endIndex
            let groups = text[..<point].split(separator: ",", omittingEmptySubsequences: false)
            let isGrouped = (1...3).contains(groups[0].count) && groups.dropFirst().allSatisfy { $0.count == 3 }
            guard isGrouped, !text[point...].contains(",") else { return nil }
            return ScientificDecimal(groups.joined(separator: "") + text[point...])
        }

        /// Text from outside, short and without what could steer a terminal.
        static func shown(_ text: String) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.prefix(40).map { $0.value < 0x20 ? "?" : $0 }))
        }
    }
}

extension String {
    fileprivate var trimmingBlanks: Substring {
        var text = self[...]
        while let first = text.first, first.isWhitespace { text.removeFirst() }
        while let last = text.last, last.isWhitespace { text.removeLast() }
        return text
    }
}
