import Accounting
import Events
import Glibc

/// Folds a long stretch of a log on several threads: each takes a piece of it from the first event to the last, and the
/// pieces are put together in order.
///
/// The outcome has the bytes that one fold gives. A piece that cannot be folded without what came before it, as one in
/// which a price book is adopted, is folded again where it belongs. One thread uses this; call ``end()``.
package final class ParallelFold {
    /// Events of a piece.
    package static let pieceLength: UInt64 = 32_768

    private struct Job: Sendable {
        let first: UInt64
        let last: UInt64
        let pricer: Pricer?
    }

    private struct Output: Sendable {
        let job: Job
        let piece: ViewPiece?
    }

    /// Pieces that were taken over as they were.
    package private(set) var taken = 0
    private let source: any RecordSource
    private let head: UInt64
    private let length: UInt64
    private var next: UInt64
    private let pool: OrderedPool<Job, Output>

    /// Starts the threads; nil where one thread alone is as good.
    ///
    /// - Parameter isBackground: gives them a low priority beside a serving process.
    package init?(
        _ fold: ViewFold,
        through head: UInt64,
        _ source: any RecordSource,
        threads: Int? = nil,
        pieceLength: UInt64 = ParallelFold.pieceLength,
        isBackground: Bool
    ) {
        let threads = threads ?? min(16, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        let start = fold.state.sequence
        let scope = fold.scope
        guard threads > 1, head > start, head - start >= 4 * pieceLength, scope.marks.isEmpty, fold.state.isRestated
        else { return nil }
        self.source = source
        self.head = head
        length = max(1, pieceLength)
        next = start + 1
        pool = OrderedPool(workers: threads, isBackground: isBackground) { job in
            Output(job: job, piece: ViewFold.piece(from: job.first, through: job.last, source, job.pricer, scope))
        }
    }

    /// Takes the fold on by one piece.
    package func advance(_ fold: inout ViewFold) throws(ViewError) {
        while next <= head, !pool.isFull {
            let last = min(head, next + length - 1)
            pool.add(Job(first: next, last: last, pricer: fold.pricer))
            next = last + 1
        }
        guard let output = pool.finished(waiting: true) else { return }
        if let piece = output.piece, output.job.pricer === fold.pricer, fold.append(piece) {
            taken += 1
            return
        }
        let (first, last) = (output.job.first, output.job.last)
        try ViewEngine.scan(source, from: first, through: last) { sequence, record throws(ViewError) in
            try fold.fold(sequence, record)
            return true
        }
    }

    /// Ends the threads. Blocks until they are gone.
    package func end() { pool.end() }
}

extension ViewFold {
    /// The fold of a stretch by itself; nil where that cannot be told without what came before it, or not at all.
    static func piece(
        from first: UInt64,
        through last: UInt64,
        _ source: any RecordSource,
        _ pricer: Pricer?,
        _ scope: Scope
    ) -> ViewPiece? {
        var state = ViewState()
        state.sequence = first - 1
        state.restatedThrough = first - 1
        var fold = ViewFold(state: state, pricer: pricer, scope: scope)
        fold.ended = []
        var epoch: UInt8 = 0
        var fits = true
        do {
            try source.scanInPlace(from: first, through: last) { sequence, record in
                switch record.count >= 2 ? EventKind(rawValue: record[1]) : nil {
                case .requestCompleted, .requestStarted, .requestInterrupted: break
                default:
                    fits = false
                    return false
                }
                if sequence == first { epoch = record[0] }
                try fold.fold(sequence, record)
                return true
            }
        } catch {
            // The fold that comes to it finds the same and says where.
            return nil
        }
        guard fits, fold.state.sequence == last else { return nil }
        return ViewPiece(state: fold.state, ended: fold.ended ?? [], epoch: epoch, before: first - 1)
    }

    /// Takes over a piece; false, and nothing was changed, where it does not fit.
    mutating func append(_ piece: ViewPiece) -> Bool {
        guard state.append(piece, keepsHours: !scope.prunesHours) else { return false }
        // Where sums of hours stand may have changed.
        for index in profiles.indices { profiles[index].slots.hour = .min }
        return true
    }
}
