import Views

extension ManagementAPI {
    /// `/api/report`: from the views when they keep what is asked, else by one pass over the ledger. An order brings a
    /// price book in its body and asks beside it what the lines would cost by that; nothing is written.
    func report(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let name = try request.choice("format", ["json"] + Report.Format.allCases.map(\.rawValue))
        let format = Report.Format(rawValue: name) ?? .json
        let query = try ReportQuery(
            by: request["by"] ?? "model",
            since: request["since"],
            until: request["until"],
            filters: request.query["where"] ?? [],
            top: try request.number("top").map { Int(clamping: $0) }
        )
        let (quick, newestBook) = await backend.views.read { state in
            (Report(query, from: state), state.books.last?.sequence)
        }
        if let quick, request.method == "GET" { return Self.answer(quick, format) }
        let backend = backend
        let slow = try await blocking { () throws -> Report? in
            let proposed = request.method == "GET" ? nil : try backend.readBook(request.body)
            guard var report = try quick ?? Report(query, scanning: backend.source, newestBook: newestBook) else {
                return nil
            }
            if let proposed, try !report.add(whatIf: proposed, scanning: backend.source) { return nil }
            return report
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
