import Events
import Views

extension ManagementAPI {
    /// `/api/report`: from the views when they keep what is asked, else by one pass over the ledger.
    func report(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let name = try request.choice("format", ["json"] + Report.Format.allCases.map(\.rawValue))
        let format = Report.Format(rawValue: name) ?? .json
        var query = try ReportQuery(
            by: request["by"] ?? "model",
            since: request["since"],
            until: request["until"],
            filters: request.query["where"] ?? [],
            top: try request.number("top").map { Int(clamping: $0) }
        )
        query.names = backend.identities.names
        let question = query
        let (quick, newestBook, normalises) = await backend.views.read { state in
            (Report(question, from: state), state.books.last?.sequence, state.normaliser != 0)
        }
        if let quick { return Self.answer(quick, format) }
        let source = backend.source
        let slow = try await blocking {
            try Report(question, scanning: source, normalises: normalises, newestBook: newestBook)
        }
        guard let slow else { throw ManagementError(.unavailable, "The report was stopped") }
        return Self.answer(slow, format)
    }

    private static func answer(_ report: Report, _ format: Report.Format) -> ManagementAnswer {
        let type =
            switch format {
            case .table: MediaType.text
            case .json: MediaType.json
            case .csv: MediaType.csv
            case .md: MediaType.markdown
            }
        return ManagementAnswer(contentType: type, body: .whole(report.render(format)))
    }
}
