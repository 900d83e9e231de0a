import Accounting
import Events

/// The view as its thread sees it: only that thread touches it, but for what is published under the lock.
final class ViewEngine: @unchecked Sendable {
    private let source: any RecordSource
    private let options: ViewService.Options
    private let snapshots: SnapshotStore?
    private var fold = ViewFold()
    private var lastSnapshot: UInt64 = 0

    let published = Monitor()
    // Guarded by `published`.
    private(set) var publishedFailure: String?
    /// True when the failure was one of reading, as while the ledger recovers from a full disk, and may pass.
    private var failureMayPass = false
    private(set) var publishedRefusal: String?
    private(set) var publishedSequence: UInt64 = 0

    /// Events that are priced again in one turn, so that reads wait for a bounded time while history is restated.
    private static let restateTurn: UInt64 = 200_000

    init(source: any RecordSource, options: ViewService.Options) {
        self.source = source
        self.options = options
        snapshots = options.directory.map { SnapshotStore(directory: $0) }
    }

    var state: ViewState { fold.state }

    /// True while there is work that should not wait for the next look at the ledger.
    var isBehind: Bool { publishedFailure == nil && !fold.state.isRestated }

    func start() {
        guard let snapshots else { return }
        let (state, refusal) = snapshots.load(source)
        published.withLock { publishedRefusal = refusal }
        guard let state else { return }
        do throws(ViewError) {
            fold = ViewFold(state: state, pricer: try Self.pricer(at: state.books.last?.sequence, source))
            lastSnapshot = state.sequence
        } catch {
            published.withLock { publishedRefusal = error.description }
            fold = ViewFold()
        }
    }

    /// Folds up to the head at the time of the call and prices a turn of history again where that is due.
    func catchUp() {
        guard publishedFailure == nil || failureMayPass else { return }
        let head = source.head
        do throws(ViewError) {
            try Self.fold(&fold, through: head, source)
            let through = min(fold.state.sequence, fold.state.restatedThrough + Self.restateTurn)
            try Self.restate(&fold, through: through, source)
            if failureMayPass { published.withLock { publishedFailure = nil } }
            failureMayPass = false
        } catch {
            // What was folded before the error stays folded, so reading can go on where it ended.
            failureMayPass = error.code == .io
            published.withLock { publishedFailure = error.description }
        }
        let sequence = fold.state.sequence
        published.withLock { publishedSequence = sequence }
        if sequence - min(sequence, lastSnapshot) >= options.snapshotEvery { save() }
    }

    func finish() {
        while isBehind { catchUp() }
        catchUp()
        if fold.state.sequence > lastSnapshot { save() }
    }

    private func save() {
        guard let snapshots, publishedFailure == nil else { return }
        // A snapshot that cannot be written only makes the next start longer.
        try? snapshots.save(fold.state, source)
        lastSnapshot = fold.state.sequence
    }

    func replace(_ box: FoldBox) {
        fold = box.fold
        published.withLock { publishedFailure = nil }
        lastSnapshot = 0
        catchUp()
    }

    static func fold(_ fold: inout ViewFold, through head: UInt64, _ source: any RecordSource) throws(ViewError) {
        guard head > fold.state.sequence else { return }
        try scan(source, from: fold.state.sequence + 1, through: head) { sequence, record throws(ViewError) in
            try fold.fold(sequence, record)
            return true
        }
        guard fold.state.sequence == head else {
            throw ViewError(
                .gap,
                "the ledger ends at event \(fold.state.sequence) but says \(head) is its head; run `tollgate verify`"
            )
        }
    }

    static func restate(_ fold: inout ViewFold, through last: UInt64, _ source: any RecordSource) throws(ViewError) {
        guard last > fold.state.restatedThrough else { return }
        try scan(source, from: fold.state.restatedThrough + 1, through: last) { sequence, record throws(ViewError) in
            try fold.restate(sequence, record)
            return true
        }
    }

    static func scan(
        _ source: any RecordSource,
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws(ViewError) -> Bool
    ) throws(ViewError) {
        do {
            try source.scan(from: from, through: through, body)
        } catch let error as ViewError {
            throw error
        } catch {
            throw ViewError(.io, "the ledger could not be read from event \(from) to \(through): \(error)")
        }
    }

    static func pricer(at sequence: UInt64?, _ source: any RecordSource) throws(ViewError) -> Pricer? {
        guard let sequence else { return nil }
        guard let record = try? source.readRecord(at: sequence), let event = try? EventCodec.decode(record),
            case .priceBookAdopted(let adopted) = event
        else { throw ViewError(.badSnapshot, "event \(sequence) does not hold the price book that the snapshot names") }
        return Pricer(book: adopted.book, revision: adopted.revision)
    }

    /// The fold of the whole log up to its head, or nil when `progress` ended it.
    static func rebuilt(
        _ source: any RecordSource,
        newestBook: UInt64? = nil,
        scope: ViewFold.Scope = ViewFold.Scope(),
        _ progress: (ViewService.Progress) -> Bool
    ) throws(ViewError) -> ViewFold? {
        var scope = scope
        if scope.pinned == nil, let newestBook, let pricer = try pricer(at: newestBook, source) {
            scope.foretold = (pricer, newestBook)
        }
        var fold = ViewFold(scope: scope)
        let head = source.head
        let chunk: UInt64 = 50_000
        while fold.state.sequence < head {
            try Self.fold(&fold, through: min(head, fold.state.sequence + chunk), source)
            guard progress(ViewService.Progress(done: fold.state.sequence, total: head)) else { return nil }
        }
        while !fold.state.isRestated {
            try restate(&fold, through: min(head, fold.state.restatedThrough + chunk), source)
            guard progress(ViewService.Progress(done: fold.state.restatedThrough, total: head)) else { return nil }
        }
        return fold
    }
}
