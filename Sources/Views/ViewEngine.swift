import Accounting
import Events

/// The view as its thread sees it: only that thread touches it, but for what is published under the lock.
final class ViewEngine: @unchecked Sendable {
    private let source: any RecordSource
    let options: ViewService.Options
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
    var pricer: Pricer? { fold.pricer }

    /// Where rebuilds put down how far they have come; nil without a folder.
    var resumption: Resumption? {
        options.directory.map {
            Resumption(
                store: SnapshotStore(directory: $0, kind: .rebuild),
                every: options.rebuildSnapshotEvery,
                turn: options.rebuildTurn
            )
        }
    }

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
            // A first fold of a long history is put down now and then, so that the next start need not begin anew.
            while head - min(head, fold.state.sequence) > options.snapshotEvery {
                let parallel = ParallelFold(
                    fold,
                    through: fold.state.sequence + options.snapshotEvery,
                    source,
                    isBackground: options.throttle != nil
                )
                defer { parallel?.end() }
                try Self.fold(&fold, through: fold.state.sequence + options.snapshotEvery, source, parallel)
                save()
            }
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

    /// Folds up to the head for the last time. History that is being priced again goes on at the next start: the snapshot
    /// says how far it has come, and a stop must not wait for it.
    func finish() {
        catchUp()
        if fold.state.sequence > lastSnapshot || !fold.state.isRestated { save() }
    }

    private func save() {
        guard let snapshots, publishedFailure == nil else { return }
        // A snapshot that cannot be written only makes the next start longer.
        try? snapshots.save(fold.state, source)
        lastSnapshot = fold.state.sequence
    }

    func replace(_ box: FoldBox) {
        fold = box.fold
        resumption?.store.remove()
        published.withLock { publishedFailure = nil }
        lastSnapshot = 0
        catchUp()
    }

    /// Folds on, to the end of the piece that `head` stands in where that is done in parallel.
    static func fold(
        _ fold: inout ViewFold,
        through head: UInt64,
        _ source: any RecordSource,
        _ parallel: ParallelFold? = nil
    ) throws(ViewError) {
        guard head > fold.state.sequence else { return }
        if let parallel {
            while fold.state.sequence < head { try parallel.advance(&fold) }
            return
        }
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
            try ReadAhead.scan(source, from: from, through: through, body)
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

    /// Where a long fold puts down how far it has come, so that the next one need not begin anew.
    struct Resumption: Sendable {
        /// The file.
        var store: SnapshotStore
        /// Events from one file to the next.
        var every: UInt64
        /// Events that are folded in one turn, from one call of the progress to the next.
        var turn: UInt64
        /// Whether to begin anew all the same.
        var ignoresFormer = false
    }

    /// The fold of the whole log up to its head, or nil when `progress` ended it.
    static func rebuilt(
        _ source: any RecordSource,
        newestBook: UInt64? = nil,
        scope: ViewFold.Scope = ViewFold.Scope(),
        resumption: Resumption? = nil,
        isBackground: Bool = false,
        _ progress: (ViewService.Progress) -> Bool
    ) throws(ViewError) -> ViewFold? {
        var scope = scope
        if scope.pinned == nil, scope.prices, let newestBook, let pricer = try pricer(at: newestBook, source) {
            scope.foretold = (pricer, newestBook)
        }
        let foretold = scope.foretold?.sequence ?? 0
        var former = resumption.flatMap { $0.ignoresFormer ? nil : $0.store.load(source, foretold: foretold).state }
        // Usage is read by one version of the reader from the first event to the last.
        if let normaliser = former?.normaliser, normaliser != (scope.normalises ? UsageReading.version : 0) {
            former = nil
        }
        var fold = ViewFold(state: former ?? ViewState(), scope: scope)
        let head = source.head
        let start = fold.state.sequence
        var saved = start
        let chunk = max(1, resumption?.turn ?? ViewService.Options().rebuildTurn)
        let parallel = ParallelFold(fold, through: head, source, isBackground: isBackground)
        defer { parallel?.end() }
        while fold.state.sequence < head {
            try Self.fold(&fold, through: min(head, fold.state.sequence + chunk), source, parallel)
            let done = fold.state.sequence
            let goesOn = progress(ViewService.Progress(done: done, total: head, start: start))
            // Figures that wait to be restated belong to a book that came in meanwhile: the next rebuild begins anew.
            if let resumption, fold.state.isRestated, done < head, !goesOn || done - saved >= resumption.every {
                // A file that cannot be written only makes the next rebuild longer.
                try? resumption.store.save(fold.state, source, foretold: foretold)
                saved = done
            }
            guard goesOn else { return nil }
        }
        while !fold.state.isRestated {
            try restate(&fold, through: min(head, fold.state.restatedThrough + chunk), source)
            let step = ViewService.Progress(done: fold.state.restatedThrough, total: head, start: start)
            guard progress(step) else { return nil }
        }
        return fold
    }
}
