/// Everything that can stand in the ledger.
public enum Event: Equatable, Sendable {
    case schemaAdopted(SchemaAdopted)
    case priceBookAdopted(PriceBookAdopted)
    case nodeStarted(NodeStarted)
    case nodeStopped(NodeStopped)
    case requestStarted(RequestStarted)
    case requestCompleted(RequestCompleted)
    case requestInterrupted(RequestInterrupted)
    case configurationChanged(ConfigurationChanged)
    case historyTruncated(HistoryTruncated)
    case ledgerGap(LedgerGap)
}

/// The kinds of events, as stored. Raw values are stored: never renumber them.
public enum EventKind: UInt8, Sendable, CaseIterable {
    case schemaAdopted = 1
    case priceBookAdopted = 2
    case nodeStarted = 3
    case nodeStopped = 4
    case requestStarted = 5
    case requestCompleted = 6
    case requestInterrupted = 7
    case configurationChanged = 8
    case historyTruncated = 9
    case ledgerGap = 10

    /// The name in the JSON form.
    public var name: String {
        switch self {
        case .schemaAdopted: "schema.adopted"
        case .priceBookAdopted: "pricebook.adopted"
        case .nodeStarted: "node.started"
        case .nodeStopped: "node.stopped"
        case .requestStarted: "request.started"
        case .requestCompleted: "request.completed"
        case .requestInterrupted: "request.interrupted"
        case .configurationChanged: "config.changed"
        case .historyTruncated: "history.truncated"
        case .ledgerGap: "ledger.gap"
        }
    }
}
