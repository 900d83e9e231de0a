import Accounting
import Admin
import Settings

/// Answers questions about costs by one book, or by the prices that a question brings along.
struct PriceAnswerer {
    let pricer: Pricer

    /// The answer to a line of JSON.
    func answer(_ line: String) throws(PriceBookError) -> String {
        let (question, pricer) = try understand(try Self.json(line))
        return question.answer(by: pricer)
    }

    /// A question with the prices that answer it; a time that is not stated is now.
    func understand(_ json: JSONValue) throws(PriceBookError) -> (PriceQuestion, Pricer) {
        var question = try PriceQuestion(json)
        if !question.hasTime { question.query.time = WallClock.now() }
        if let book = try question.importedBook() { return (question, Pricer(book: book, revision: 0)) }
        if let row = question.row { return (question, try Self.pricer(row, for: question.query)) }
        if let book = question.book {
            return (question, Pricer(book: try Self.load(book.text ?? book.json), revision: 0))
        }
        return (question, pricer)
    }

    /// The answer to a line that cannot be priced.
    static func refusal(_ line: String, _ error: PriceBookError) -> String {
        var members: [(name: String, value: JSONValue)] = []
        if let id = (try? json(line))?["id"] { members.append(("id", id)) }
        members.append(("error", .string(error.description)))
        return JSONValue.object(members).json
    }

    private static func json(_ line: String) throws(PriceBookError) -> JSONValue {
        do throws(JSONValue.Fault) {
            return try JSONValue(parsing: line.utf8)
        } catch {
            throw PriceBookError(.badText, error.description)
        }
    }

    /// A row in the form of a price book's file; without a provider or model it is for those of the question.
    private static func pricer(_ row: JSONValue, for query: PriceQuery) throws(PriceBookError) -> Pricer {
        var members = row.members
        if row["provider"] == nil { members.append(("provider", .string(query.provider.lowercased()))) }
        if row["model"] == nil {
            members.append(("model", .object([("exact", .string(query.modelReported ?? query.modelSent ?? "m"))])))
        }
        // JSON is YAML, so the one reader reads both.
        let book = JSONValue.object([("rows", .array([.object(members)]))])
        return Pricer(book: try load(book.json), revision: 0)
    }

    private static func load(_ text: String) throws(PriceBookError) -> PriceBook {
        do throws(PriceBookFileError) {
            return try PriceBookFile.load(text: text, name: "book")
        } catch {
            throw PriceBookError(.badText, error.description)
        }
    }
}

/// A cost as a table for people.
enum CostTable {
    static func text(_ question: PriceQuestion, _ pricer: Pricer) -> String {
        let quote = pricer.lines(of: question.usage, for: question.query)
        var table = TextTable(["unit", ">count", ">price", "per", ">USD"])
        for line in quote.lines {
            table.add([
                line.unit.priceKey, String(line.count), line.rate?.text ?? "unknown", line.unit.quantityText,
                line.amount?.dollars ?? "-",
            ])
        }
        table.add(["total", "", "", "", quote.cost.state == .unpriced ? "unpriced" : quote.cost.amount.dollars])
        guard let index = quote.cost.row, let row = pricer.row(index) else {
            return table.text + "No row of the price book is for this model.\n"
        }
        return table.text + "Row \(index): \(row.label)\n"
    }
}
