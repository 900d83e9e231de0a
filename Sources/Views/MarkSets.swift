import Events

/// What clients said about their requests, for one pass over the ledger that a report asks for.
///
/// Views keep no marks: their values are as many as clients like. In a pass that needs them, the label of a client carries
/// the number of a set of marks behind it, so that requests of different marks are summed apart.
package struct MarkSets: Sendable {
    private let columns: [ReportQuery.Column]
    private var sets: [[String]] = []
    private var index: [[String]: Int] = [:]
    /// More are summed as if they had none.
    private static let most = 60_000
    private static let separator: Character = "\u{1f}"

    init(_ columns: [ReportQuery.Column] = []) { self.columns = columns }

    var isEmpty: Bool { columns.isEmpty }

    /// The number of the marks of a record; nil when there are too many different ones.
    mutating func number(_ event: RequestCompleted) -> Int? {
        let set = columns.map { column in column.tag.map { event.tags[$0] ?? "" } ?? event.session ?? "" }
        if let number = index[set] { return number }
        guard sets.count < Self.most else { return nil }
        index[set] = sets.count
        sets.append(set)
        return sets.count - 1
    }

    /// A client's label with the number of a set behind it.
    func label(client: String, number: Int?) -> String {
        guard let number else { return client }
        return client + String(Self.separator) + String(number)
    }

    /// The client in a label.
    func client(in label: String) -> String {
        isEmpty ? label : label.lastIndex(of: Self.separator).map { String(label[..<$0]) } ?? label
    }

    /// The value of a column in a label; empty when the request had none.
    func value(_ column: ReportQuery.Column, in label: String) -> String {
        guard let place = columns.firstIndex(of: column), let mark = label.lastIndex(of: Self.separator),
            let number = Int(label[label.index(after: mark)...]), sets.indices.contains(number)
        else { return "" }
        return sets[number][place]
    }
}
