import Events
import Views

extension ManagementAPI {
    /// `/api/report`: from the views when they keep what is asked, else by one pass over the ledger. An order brings a
    /// price book in its body and asks beside it what the lines would cost by that; nothing is written.
    func report(_ request: ManagementRequest, _ progress: @escaping Progress) async throws -> ManagementAnswer {
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
        // A server tells of it on /readyz and goes on with what it has; a command has nowhere else to tell it.
        if !backend.isServing, let failure = backend.views.failure { throw ManagementError(.damaged, failure) }
        if let quick, request.method == "GET" { return Self.answer(quick, format) }
        let backend = backend
        let slow = try await blocking { () throws -> Report? in
            let proposed = request.method == "GET" ? nil : try backend.readBook(request.body)
            let source = backend.history
            let answer =
                try quick
                ?? Report(
                    question,
                    scanning: source,
                    normalises: normalises,
                    newestBook: newestBook,
                    progress: progress
                )
            guard var report = answer else { return nil }
            if let proposed {
                let isWhole = try report.add(
                    whatIf: proposed,
                    scanning: source,
                    normalises: normalises,
                    progress: progress
                )
                guard isWhole else { return nil }
            }
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
