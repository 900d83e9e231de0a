internal import Events

/// From which event on which schema version and which price book hold.
///
/// A reader of a part of a ledger needs them to know by what its first events were written and charged.
public struct ExportEpochs: Equatable, Sendable {
    /// The time of one version or revision.
    public struct Epoch: Equatable, Sendable {
        /// The sequence of the event that adopted it.
        public var first: UInt64
        /// The schema version, or the revision of the book.
        public var number: UInt64
        /// SHA-256 of the schema text or of the encoded book.
        public var hash: [UInt8]

        init(first: UInt64, number: some BinaryInteger, hash: [UInt8]) {
            self.first = first
            self.number = UInt64(clamping: number)
            self.hash = hash
        }
    }

    /// The schema versions, oldest first.
    public private(set) var schemas: [Epoch] = []
    /// The price books, oldest first.
    public private(set) var books: [Epoch] = []
    /// The last event that was looked at.
    public private(set) var through: UInt64 = 0

    /// None yet, with nothing looked at.
    public init() {}

    /// Those that a view knows.
    public init(_ state: ViewState) {
        schemas = state.schemas.map { Epoch(first: $0.sequence, number: $0.version, hash: $0.hash) }
        books = state.books.map { Epoch(first: $0.sequence, number: $0.revision, hash: $0.hash) }
        through = state.sequence
    }

    /// Takes in an event, if it begins an epoch.
    mutating func add(_ event: Event, _ sequence: UInt64) {
        switch event {
        case .schemaAdopted(let event):
            schemas.append(Epoch(first: sequence, number: event.version, hash: event.hash))
        case .priceBookAdopted(let event):
            books.append(Epoch(first: sequence, number: event.revision, hash: event.hash))
        default: break
        }
    }

    /// Reads on to an event. Blocks on the disk, for long when much was not looked at yet.
    mutating func extend(_ source: any RecordSource, through last: UInt64) throws {
        guard through < last else { return }
        try source.scan(from: through + 1, through: last) { sequence, record in
            // The second byte is the kind in every schema version.
            guard record.count > 1, let kind = EventKind(rawValue: record[1]),
                kind == .schemaAdopted || kind == .priceBookAdopted
            else { return true }
            add(try EventCodec.decode(record), sequence)
            return true
        }
        through = last
    }

    /// Those that hold somewhere from one event through another.
    func holding(from: UInt64, through last: UInt64) -> ExportEpochs {
        var result = ExportEpochs()
        result.schemas = Self.holding(schemas, from, last)
        result.books = Self.holding(books, from, last)
        result.through = last
        return result
    }

    /// Reads the lists of a manifest; nil when they are something else.
    init?(schemas: JSONNode?, books: JSONNode?) {
        guard let schemas = Self.epochs(schemas, "version"), let books = Self.epochs(books, "revision") else {
            return nil
        }
        self.schemas = schemas
        self.books = books
    }

    private static func epochs(_ node: JSONNode?, _ name: String) -> [Epoch]? {
        guard let elements = node?.elements else { return nil }
        let epochs = elements.compactMap { element -> Epoch? in
            guard let first = element["first"]?.whole, let number = element[name]?.whole,
                let hash = element["hash"]?.text.flatMap(hexBytes)
            else { return nil }
            return Epoch(first: first, number: number, hash: hash)
        }
        let isOrdered = zip(epochs, epochs.dropFirst()).allSatisfy { $0.first < $1.first }
        return epochs.count == elements.count && isOrdered ? epochs : nil
    }

    private static func hexBytes(_ text: String) -> [UInt8]? {
        let digits = text.utf8.compactMap { Character(UnicodeScalar($0)).hexDigitValue }
        guard digits.count == text.utf8.count, digits.count % 2 == 0 else { return nil }
        return stride(from: 0, to: digits.count, by: 2).map { UInt8(digits[$0] << 4 | digits[$0 + 1]) }
    }

    private static func holding(_ epochs: [Epoch], _ from: UInt64, _ through: UInt64) -> [Epoch] {
        epochs.enumerated().filter { index, epoch in
            let isOver = index + 1 < epochs.count && epochs[index + 1].first <= from
            return epoch.first <= through && !isOver
        }.map(\.element)
    }
}
