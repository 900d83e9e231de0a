import Accounting
import Events

extension DailyUsage {
    /// The sums as JSON, money as exact decimal strings: the answer of `/api/usage`.
    public func render() -> [UInt8] {
        var json = JSONText(capacity: 64 + rows.count * 256)
        json.object { json in
            json.key("price_book")
            json.number(ifPresent: bookRevision == 0 ? nil : bookRevision)
            json.key("days")
            json.array { json in
                let sorted = rows.sorted {
                    ($0.key.day, $0.key.provider, $0.key.model) < ($1.key.day, $1.key.provider, $1.key.model)
                }
                for (key, row) in sorted { Self.write(key, row, &json) }
            }
        }
        json.append(0x0a)
        return json.bytes
    }

    private static func write(_ key: Key, _ row: Row, _ json: inout JSONText) {
        json.object { json in
            json.key("date")
            json.string(Timestamp.dayText(key.day))
            json.key("provider")
            json.string(key.provider)
            json.key("model")
            json.string(key.model)
            for figure in Bill.Figure.allCases where figure != .cost {
                json.key(text: figure.rawValue)
                json.number(row.figures[figure])
            }
            json.key("charged_usd")
            json.string(MoneyTotal(picodollars: row.figures[.cost]).dollars)
            json.key("list_usd")
            json.string(row.list.dollars)
            json.key("unpriced")
            json.number(row.unpriced)
        }
    }

    /// The sums from what ``render()`` wrote; nil when it is nothing of the kind.
    public init?(json: [UInt8]) {
        guard let whole = try? JSONValue(parsing: json), let days = whole["days"]?.elements else { return nil }
        self.init()
        bookRevision = UInt32(clamping: whole["price_book"]?.integer ?? 0)
        for item in days {
            guard let date = item["date"]?.text, let time = Timestamp.parse(date),
                let provider = item["provider"]?.text, let model = item["model"]?.text,
                let charged = item["charged_usd"]?.text.flatMap(MoneyTotal.init(dollars:)),
                let list = item["list_usd"]?.text.flatMap(MoneyTotal.init(dollars:))
            else { return nil }
            var row = Row()
            for figure in Bill.Figure.allCases where figure != .cost {
                guard let value = item[figure.rawValue]?.scalar.flatMap({ Int128($0) }) else { return nil }
                row.figures[figure] = value
            }
            row.figures[.cost] = charged.picodollars
            row.list = list
            row.unpriced = UInt64(clamping: item["unpriced"]?.integer ?? 0)
            let day = Timestamp.floorDivide(time, Timestamp.day)
            rows[Key(day: day, provider: provider, model: model)] = row
        }
    }
}
