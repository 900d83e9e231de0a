import Events
import Views

extension ManagementAPI {
    /// `/api/prices/missing`: the models that were used and that no price is known for.
    func missingPrices(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        let missing = await backend.views.read { MissingPrices($0) }
        guard isTable else {
            return ManagementAnswer(contentType: MediaType.json, body: .whole(missing.render()))
        }
        return .text(Self.table(missing))
    }

    private static func table(_ missing: MissingPrices) -> String {
        let since = missing.pricedSince.count
        let which = since == 1 ? "1 model has" : "\(since) models have"
        let note = since == 0 ? "" : "\(which) a price now and had none when used.\n"
        guard !missing.rows.isEmpty else { return "Every model that was used has a price.\n" + note }
        var table = TextTable([
            "model", "group", ">no price", ">requests", ">input", ">output", "first day", "last day",
        ])
        for row in missing.rows {
            table.add([
                row.model, row.group, String(missing.isRestated ? row.sums.restatedUnpriced : row.sums.unpriced),
                String(row.sums.requests), String(row.sums.input), String(row.sums.output),
                Timestamp.dayText(row.firstDay), Timestamp.dayText(row.lastDay),
            ])
        }
        return table.text + note
    }
}
