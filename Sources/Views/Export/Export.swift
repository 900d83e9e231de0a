public import Events

/// What of a ledger is exported, and in which form.
public struct Export: Equatable, Sendable {
    /// The forms.
    public enum Format: String, Sendable, CaseIterable {
        /// Every event as a line of JSON with its stored bytes, between a manifest and a signed trailer: verifiable.
        case ndjson
        /// Every event as a CloudEvent 1.0 in JSON, one a line.
        case cloudevents
        /// Completed requests as rows (RFC 4180) under a header.
        case csv
        /// What completed requests cost, a row for each unit: FOCUS 1.2 as CSV.
        case focus
        /// Every event as a line of JSON and nothing else, for who looks on.
        case lines

        /// The value of the `Content-Type` header.
        public var contentType: String {
            switch self {
            case .ndjson, .cloudevents, .lines: "application/x-ndjson"
            case .csv, .focus: "text/csv; charset=utf-8; header=present"
            }
        }
    }

    /// Events in a segment: where whole segments are exported they begin behind a multiple of this, and a line about
    /// omitted events never reaches over one. Part of the form; never change it.
    public static let segment: UInt64 = 65_536

    /// The form.
    public var format: Format
    /// The first sequence, from 1.
    public var from: UInt64
    /// The last sequence; `from` less 1 for none.
    public var through: UInt64
    /// Which of those events.
    public var filter: EventFilter
    /// The names that are put beside or in place of the ids of clients, which are all that is stored. The verifiable form
    /// has none.
    public var names = ClientNames()

    /// An export.
    public init(format: Format = .ndjson, from: UInt64 = 1, through: UInt64, filter: EventFilter = EventFilter()) {
        self.format = format
        self.from = max(1, from)
        self.through = max(through, self.from - 1)
        self.filter = filter
    }
}
