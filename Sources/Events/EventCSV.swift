import Accounting

/// `request.completed` events as CSV (RFC 4180): a header and one row per event, lines ended by CR LF.
public enum EventCSV {
    private static let columns: [String] =
        [
            "seq", "id", "time", "group", "client", "provider", "operation", "dialect", "path", "model_requested",
            "model_sent", "model_reported", "response_id", "stream", "status", "outcome", "error", "total_us",
            "first_byte_us", "upstream_us", "request_bytes", "response_bytes", "attempts", "usage_source",
            "usage_complete", "input_total", "output_total",
        ] + UsageUnit.allCases.map(column) + [
            "reported_total", "service_tier", "provider_cost_usd", "cost_state", "cost_usd", "price_book", "session",
            "tags",
        ]

    private static func column(_ unit: UsageUnit) -> String {
        switch unit.side {
        case .input: "input_\(unit.name)"
        case .output: "output_\(unit.name)"
        case .other: unit == .inputTool ? "input_tool" : unit.name
        }
    }

    /// The first line.
    public static let header: [UInt8] = Array((columns.joined(separator: ",") + "\r\n").utf8)

    /// The row of an event.
    ///
    /// Fields are quoted where RFC 4180 demands it; text that a spreadsheet would take for a formula gets an apostrophe in
    /// front.
    public static func row(_ event: RequestCompleted, sequence: UInt64) -> [UInt8] {
        var row = CSVRow()
        row.number(sequence)
        row.text(event.id.text)
        row.text(Timestamp.text(event.time))
        row.text(event.group)
        row.text(event.client)
        row.text(event.provider)
        row.text(EventNames.operation(event.operation))
        row.text(EventNames.dialect(event.dialect))
        row.text(event.path)
        row.text(event.modelRequested ?? "")
        row.text(event.modelSent ?? "")
        row.text(event.modelReported ?? "")
        row.text(event.responseID ?? "")
        row.text(event.stream ? "true" : "false")
        row.number(event.status)
        row.text(event.outcome.name)
        row.text(event.error ?? "")
        row.number(event.totalDuration)
        row.number(event.firstByteDuration)
        row.number(event.upstreamDuration)
        row.number(event.requestBytes)
        row.number(event.responseBytes)
        row.number(event.attempts.count)
        row.text(event.usage.source.name)
        row.text(event.usage.complete ? "true" : "false")
        row.number(event.usage.counts.total(.input))
        row.number(event.usage.counts.total(.output))
        for unit in UsageUnit.allCases { row.number(event.usage.counts[unit]) }
        row.number(event.usage.reportedTotal)
        row.text(event.usage.serviceTier ?? "")
        row.exact(event.usage.providerCost?.dollars ?? "")
        row.text(event.cost.state.name)
        row.exact(event.cost.state == .unpriced ? "" : event.cost.amount.dollars)
        row.number(event.cost.priceBook == 0 ? nil : event.cost.priceBook)
        row.text(event.session ?? "")
        row.text(event.tags.list.map { "\($0.name)=\($0.value)" }.joined(separator: ";"))
        return row.line
    }
}

/// One line of CSV.
package struct CSVRow {
    private var bytes: [UInt8] = []
    private var isFirst = true

    package init() {}

    /// The line with its end.
    package var line: [UInt8] { bytes + [0x0d, 0x0a] }

    private mutating func separate() {
        if !isFirst { bytes.append(0x2c) }
        isFirst = false
    }

    /// A figure, as it is; never quoted.
    package mutating func exact(_ figure: String) {
        separate()
        bytes.append(contentsOf: figure.utf8)
    }

    package mutating func number(_ value: some BinaryInteger) { exact(String(value)) }

    package mutating func number(_ value: (some BinaryInteger)?) { exact(value.map { String($0) } ?? "") }

    /// Text from outside: quoted where needed, and never a formula.
    package mutating func text(_ text: String) {
        separate()
        var field = Array(text.utf8)
        if let first = field.first, [0x3d, 0x2b, 0x2d, 0x40, 0x09, 0x0d, 0x0a].contains(first) {
            field.insert(0x27, at: 0)
        }
        guard field.contains(where: { $0 == 0x22 || $0 == 0x2c || $0 == 0x0d || $0 == 0x0a }) else {
            bytes.append(contentsOf: field)
            return
        }
        bytes.append(0x22)
        for byte in field {
            if byte == 0x22 { bytes.append(0x22) }
            bytes.append(byte)
        }
        bytes.append(0x22)
    }
}
