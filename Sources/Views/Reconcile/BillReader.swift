import Accounting
import Events

/// Reads the tables of usage and cost that providers let one download.
///
/// | form | told by its columns |
/// |---|---|
/// | OpenAI usage | `start_time` or `start_time_iso`, `model`, `input_tokens`, `input_cached_tokens`, `output_tokens`, `num_model_requests` |
/// | OpenAI cost | `start_time` or `start_time_iso`, `amount_value`, `amount_currency`, `line_item` |
/// | Anthropic usage | `usage_date_utc`, `model_version`, `usage_input_tokens_no_cache`, `usage_input_tokens_cache_read`, `usage_input_tokens_cache_write_5m` and `_1h`, `usage_output_tokens` |
/// | Anthropic cost | `usage_date_utc`, `model`, `cost_usd` |
/// | plain | `date` or `day`, `model`, and any of `requests`, `input`, `cache_read`, `cache_write`, `output`, `cost_usd` |
///
/// Names of columns are compared in lower case, further columns are passed over. In a plain table tokens may also stand
/// under names with `_tokens` behind, and `input` holds the cached tokens.
public struct BillReader {
    /// The largest file in bytes.
    public static let largestFile = 64 << 20
    /// What is said of a larger one.
    package static let tooLarge = "the file is larger than \(largestFile >> 20) MiB; export fewer days at a time"
    /// The most days and models.
    public static let mostLines = 200_000

    private var bill: Bill
    private let columns: Columns

    /// Reads a whole table. Linear in time; errors name the line.
    public static func read(_ bytes: [UInt8]) throws(BillError) -> Bill {
        guard bytes.count <= largestFile else { throw BillError(nil, tooLarge) }
        var table = try CSVReader(bytes)
        guard let header = try table.next() else { throw BillError(nil, "the file is empty") }
        var reader = try BillReader(header)
        while let record = try table.next() { try reader.add(record) }
        reader.finish()
        return reader.bill
    }

    private init(_ header: CSVReader.Record) throws(BillError) {
        columns = try Columns(header)
        bill = Bill(form: columns.form, figures: columns.figures, hasModels: false, lines: [:])
    }

    private mutating func add(_ record: CSVReader.Record) throws(BillError) {
        let row = Row(record: record, columns: columns)
        // OpenAI writes a line of empty fields for a time in which nothing was used.
        if columns.form != .plain, row.isEmpty { return }
        guard record.fields.count == columns.count else {
            throw BillError(
                record.line,
                "there are \(record.fields.count) fields under \(columns.count) columns; separators in text need quotes"
            )
        }
        let day = try row.day()
        let model = Bill.plainName(row.model)
        guard model.utf8.count <= 512 else { throw BillError(record.line, "the name of the model is too long") }
        if !model.isEmpty { bill.hasModels = true }
        let figures = try row.figures()
        bill.lines[Bill.Key(day: day, model: model), default: Bill.Figures()] += figures
        guard bill.lines.count <= Self.mostLines else {
            throw BillError(record.line, "there are more than \(Self.mostLines) days and models; export fewer days")
        }
    }

    /// A line of nothing is no line.
    private mutating func finish() {
        bill.lines = bill.lines.filter { line in bill.figures.contains { line.value[$0] != 0 } }
    }
}

extension BillReader {
    /// Where things stand in a record.
    struct Columns {
        let form: Bill.Form
        let count: Int
        let day: [Int]
        let end: [Int]
        let model: Int?
        /// The columns that are added up for a figure.
        let sources: [Bill.Figure: [Int]]
        let currency: Int?

        var figures: [Bill.Figure] { Bill.Figure.allCases.filter { sources[$0] != nil } }

        init(_ header: CSVReader.Record) throws(BillError) {
            let names = header.fields.map { field in
                String(field.lowercased().split(whereSeparator: \.isWhitespace).joined(separator: "_"))
            }
            func place(_ name: String) -> Int? { names.firstIndex(of: name) }
            func places(_ wanted: [String]) -> [Int] { wanted.compactMap(place) }
            count = names.count
            let isTimed = place("start_time") != nil || place("start_time_iso") != nil
            if place("usage_date_utc") != nil {
                form = place("cost_usd") == nil ? .anthropicUsage : .anthropicCost
            } else if isTimed {
                form = place("amount_value") == nil ? .openAIUsage : .openAICost
            } else {
                form = .plain
            }
            currency = place("amount_currency") ?? place("currency")
            switch form {
            case .openAIUsage, .openAICost:
                day = places(["start_time_iso", "start_time"])
                end = places(["end_time_iso", "end_time"])
                model = place("model") ?? (form == .openAICost ? place("line_item") : nil)
            case .anthropicUsage, .anthropicCost:
                day = places(["usage_date_utc"])
                end = []
                model = place("model_version") ?? place("model")
            case .plain:
                day = Array(places(["date", "day"]).prefix(1))
                end = []
                model = place("model")
            }
            let known = Self.names(form)
            let isPlain = form == .plain
            for (_, alternatives) in known {
                if let twice = alternatives.first(where: { name in names.filter { $0 == name }.count > 1 }) {
                    throw BillError(header.line, "the column \(twice) is there twice")
                }
            }
            let found = known.compactMap { figure, alternatives -> (Bill.Figure, [Int])? in
                // In a plain table the names are alternatives, in an export they are parts of a sum.
                let all = places(alternatives)
                let used = isPlain ? Array(all.prefix(1)) : all
                return used.isEmpty ? nil : (figure, used)
            }
            sources = Dictionary(uniqueKeysWithValues: found)
            guard !day.isEmpty else {
                throw BillError(header.line, "no column of days; name it `date`, or leave the export as it was")
            }
            guard !sources.isEmpty else {
                throw BillError(
                    header.line,
                    "no column of tokens or money is known here; the export may have been empty, else see the help"
                )
            }
        }

        private static func names(_ form: Bill.Form) -> [Bill.Figure: [String]] {
            let written = [
                "usage_input_tokens_cache_write", "usage_input_tokens_cache_write_5m",
                "usage_input_tokens_cache_write_1h",
            ]
            switch form {
            case .openAIUsage:
                return [
                    .requests: ["num_model_requests"], .input: ["input_tokens"], .cacheRead: ["input_cached_tokens"],
                    .output: ["output_tokens"],
                ]
            case .openAICost: return [.cost: ["amount_value"]]
            case .anthropicUsage:
                return [
                    .input: ["usage_input_tokens_no_cache", "usage_input_tokens_cache_read"] + written,
                    .cacheRead: ["usage_input_tokens_cache_read"], .cacheWrite: written,
                    .output: ["usage_output_tokens"],
                ]
            case .anthropicCost: return [.cost: ["cost_usd"]]
            case .plain:
                return [
                    .requests: ["requests"], .input: ["input", "input_tokens"],
                    .cacheRead: ["cache_read", "cache_read_tokens"],
                    .cacheWrite: ["cache_write", "cache_write_tokens"], .output: ["output", "output_tokens"],
                    .cost: ["cost_usd", "cost", "charged_usd"],
                ]
            }
        }
    }
}
