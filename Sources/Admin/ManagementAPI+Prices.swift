import Accounting
import Events
import Views

extension ManagementAPI {
    /// `/api/prices`: the adopted books, oldest first.
    func priceBooks(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        let books = await backend.views.read { $0.books }
        if isTable {
            var table = TextTable([">revision", "adopted", ">event", "origin", "hash"])
            for book in books {
                let hash = String(Self.hex(book.hash).prefix(16))
                table.add([String(book.revision), Timestamp.text(book.time), String(book.sequence), book.origin, hash])
            }
            return .text(table.text)
        }
        var json = JSONWriter()
        json.object { json in
            json.field("price_books") { json in
                json.list { json in for book in books { Self.write(book, &json) } }
            }
        }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(json.bytes + [0x0a]))
    }

    /// `/api/prices/{revision or current}`: one adopted book as YAML.
    func priceBook(_ name: String, _ request: ManagementRequest) async throws -> ManagementAnswer {
        let books = await backend.views.read { $0.books }
        let found = name == "current" ? books.last : books.first { String($0.revision) == name }
        guard let found else {
            let known = books.last.map { "there are 1 to \($0.revision)" } ?? "none was adopted yet"
            throw ManagementError(.notFound, "There is no price book \(name.prefix(40)); \(known)")
        }
        let backend = backend
        let text = try await blocking {
            guard let record = try backend.source.readRecord(at: found.sequence),
                case .priceBookAdopted(let adopted) = try EventCodec.decode(record)
            else { throw ManagementError(.damaged, "Event \(found.sequence) does not hold the price book \(name)") }
            return backend.writeBook(adopted.book)
        }
        return .text(text, contentType: "application/yaml")
    }

    /// `/api/prices/diff`: what a book would change, and what history would have cost. Writes nothing.
    func priceDifference(_ request: ManagementRequest, _ progress: @escaping Progress) async throws -> ManagementAnswer
    {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        let by = try Self.impactTables(request)
        let (books, normalises) = await backend.views.read { ($0.books, $0.normaliser != 0) }
        let backend = backend
        let body = request.body
        let (difference, impact) = try await blocking {
            let proposed = try backend.readBook(body)
            var current = PriceBook.empty
            if let last = books.last, let record = try backend.source.readRecord(at: last.sequence),
                case .priceBookAdopted(let adopted) = try EventCodec.decode(record)
            {
                current = adopted.book
            }
            let impact = try PriceImpact(
                of: proposed,
                on: backend.history,
                names: backend.identities.names,
                normalises: normalises,
                progress: progress
            )
            guard let impact else {
                throw ManagementError(.unavailable, "The comparison was stopped")
            }
            return (PriceBookDifference(from: current, to: proposed), impact)
        }
        if isTable { return .text(Self.table(difference, impact, by)) }
        var json = JSONWriter()
        json.object { json in
            json.field("rows") { json in
                json.object { json in
                    json.field("added") { json in
                        json.list { json in for row in difference.added { Self.write(row, &json) } }
                    }
                    json.field("removed") { json in
                        json.list { json in for row in difference.removed { Self.write(row, &json) } }
                    }
                    json.field("changed") { json in
                        json.list { json in for change in difference.changed { Self.write(change, &json) } }
                    }
                    json.field("settings_changed", difference.settingsChanged)
                }
            }
            json.field("history") { $0.raw(String(decoding: impact.render(), as: UTF8.self).filter { $0 != "\n" }) }
        }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(json.bytes + [0x0a]))
    }

    /// `/api/prices/adopt`: makes a book the one in force.
    func adoptPrices(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        let origin = request["origin"].map { String($0.split(separator: "/").last ?? "").prefix(200) } ?? "api"
        let backend = backend
        let body = request.body
        let adoption = try await blocking {
            try backend.adopt(try backend.readBook(body), ["", "built-in"].contains(origin) ? "api" : String(origin))
        }
        if isTable {
            return .text(
                adoption.isNew
                    ? "Adopted as revision \(adoption.revision), event \(adoption.sequence).\n"
                    : "This is revision \(adoption.revision), in force already; nothing was written.\n"
            )
        }
        var json = JSONWriter()
        json.object { json in
            json.field("revision", adoption.revision)
            json.field("seq", adoption.sequence)
            json.field("adopted", adoption.isNew)
        }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(json.bytes + [0x0a]))
    }

    /// The tables that are asked for: of `model`, `client`, `month`; all without a choice.
    private static func impactTables(_ request: ManagementRequest) throws(ManagementError) -> [String] {
        let known = ["model", "client", "month"]
        guard let text = request["by"] else { return known }
        let asked = text.split(separator: ",").map(String.init)
        if let wrong = asked.first(where: { !known.contains($0) }) {
            throw ManagementError(.badRequest, "by must be of model, client, month, not \"\(wrong.prefix(40))\"")
        }
        return asked
    }

    private static func table(_ difference: PriceBookDifference, _ impact: PriceImpact, _ by: [String]) -> String {
        var text =
            "Rows: \(difference.tally).\n"
        let listed = 50
        let lists = [
            ("+", difference.added.map(Self.name)), ("-", difference.removed.map(Self.name)),
            (
                "~",
                difference.changed.map { change in
                    let details = change.details.map { "\($0.name) \($0.old ?? "none") → \($0.new ?? "none")" }
                    return Self.name(change.new) + ": " + details.joined(separator: ", ")
                }
            ),
        ]
        for (mark, lines) in lists {
            for line in lines.prefix(listed) { text += "  \(mark) \(line)\n" }
            if lines.count > listed { text += "  \(mark) and \(lines.count - listed) more\n" }
        }
        for (title, rows) in [
            ("model", impact.byModel), ("client", impact.byClient), ("month", impact.byMonth),
        ] where by.contains(title) {
            var table = TextTable([title, ">requests", ">charged", ">now", ">then", ">change", ">unpriced then"])
            for row in rows.prefix(listed) + [impact.total] {
                let name = row == impact.total ? "total" : row.name.isEmpty ? "-" : row.name
                table.add([
                    name, String(row.requests), row.charged.dollars, row.current.dollars, row.proposed.dollars,
                    row.change.dollars, String(row.proposedUnpriced),
                ])
            }
            text += "\n" + table.text
        }
        return text
    }

    private static func write(_ book: ViewState.AdoptedBook, _ json: inout JSONWriter) {
        json.object { json in
            json.field("revision", book.revision)
            json.field("time", Timestamp.text(book.time))
            json.field("seq", book.sequence)
            json.field("origin", book.origin)
            json.field("hash", hex(book.hash))
        }
    }

    /// A row's provider, model, conditions and date, for a person.
    private static func name(_ row: PriceRow) -> String {
        let conditions = [
            row.conditions.serviceTier, row.conditions.speed, row.conditions.region, row.conditions.window?.text,
        ]
        let when = conditions.compactMap(\.self).joined(separator: ", ")
        let since = row.effectiveFrom == 0 ? "" : " from \(PriceDate.text(row.effectiveFrom) ?? "far off")"
        return "\(row.provider) \(row.match.label)\(since)\(when.isEmpty ? "" : " when " + when)"
    }

    private static func write(_ row: PriceRow, _ json: inout JSONWriter) {
        json.object { json in write(fields: row, &json) }
    }

    private static func write(fields row: PriceRow, _ json: inout JSONWriter) {
        json.field("provider", row.provider)
        json.field("model", row.match.label)
        if row.effectiveFrom != 0 { json.field("effective_from", PriceDate.text(row.effectiveFrom)) }
        if let tier = row.conditions.serviceTier { json.field("service_tier", tier) }
        if let speed = row.conditions.speed { json.field("speed", speed) }
        if let region = row.conditions.region { json.field("region", region) }
        if let window = row.conditions.window { json.field("window", window.text) }
    }

    private static func write(_ change: PriceBookDifference.Change, _ json: inout JSONWriter) {
        json.object { json in
            write(fields: change.new, &json)
            json.field("changes") { json in
                json.list { json in
                    for detail in change.details {
                        json.object { json in
                            json.field("name", detail.name)
                            json.field("old", detail.old)
                            json.field("new", detail.new)
                        }
                    }
                }
            }
        }
    }

    private static func hex(_ bytes: [UInt8]) -> String {
        let digits = Array("0123456789abcdef".utf8)
        return String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}
