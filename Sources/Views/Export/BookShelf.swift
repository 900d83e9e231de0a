internal import Accounting
internal import Synchronization

/// The price books that requests were charged by, read when they are first needed. Any thread.
final class BookShelf: Sendable {
    private let source: any RecordSource
    private let epochs: ExportEpochs
    private let read = Mutex<[UInt32: Pricer?]>([:])

    init(_ source: any RecordSource, _ epochs: ExportEpochs) {
        self.source = source
        self.epochs = epochs
    }

    /// The book of a revision; nil when the ledger has none.
    func pricer(_ revision: UInt32) -> Pricer? {
        read.withLock { read in
            if let known = read[revision] { return known }
            let epoch = epochs.books.last { $0.number == UInt64(revision) }
            let pricer = epoch.flatMap { try? ViewEngine.pricer(at: $0.first, source) }
            read[revision] = .some(pricer)
            return pricer
        }
    }
}
