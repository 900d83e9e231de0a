public import Ledger

/// One export as it is made: reads the records, has them rendered by some threads, and puts the text together in order.
///
/// The bytes depend on the records and on what was asked for, and on nothing else: the same export made later, on
/// another machine or by another number of threads has the same bytes, the signature included.
public struct ExportRun: Sendable {
    /// What is exported; its `through` is as far as it goes, however far the ledger goes.
    public let export: Export
    /// Whether it waits for events that are not there yet.
    public var isFollowing = false
    /// Where an earlier export ended: what it has is left out, the first and the last line too.
    public var resumption: Resumption?
    /// Threads that render, beside the calling one; 0 renders on that one.
    public var workers = 0
    /// What the threads give way to, beside a serving process.
    public var throttle: Throttle?

    /// The end of an export that was cut off.
    public struct Resumption: Equatable, Sendable {
        /// The last event that it has or accounts for.
        public var after: UInt64
        /// The root of the tree of that size, as its hashes lead to it.
        public var root: Digest

        /// Where an export ended.
        public init(after: UInt64, root: Digest) {
            self.after = after
            self.root = root
        }
    }

    private let source: any RecordSource
    private let epochs: ExportEpochs

    /// An export of a log.
    ///
    /// - Parameter epochs: those that are known; what they do not reach to is read.
    public init(_ export: Export, of source: any RecordSource, epochs: ExportEpochs = ExportEpochs()) {
        self.export = export
        self.source = source
        self.epochs = epochs
    }

    /// Gives the whole text in pieces, on the calling thread, which blocks on the disk.
    ///
    /// - Parameters:
    ///   - waits: called when every event is given and more are awaited; returns false to end the export.
    ///   - emit: takes the next piece, of whole lines; returns false to stop at once.
    public func run(waits: () -> Bool = { false }, emit: ([UInt8]) throws -> Bool) throws {
        var known = epochs
        let last = isFollowing ? min(export.through, source.head) : export.through
        if export.format == .ndjson || export.format == .focus { try known.extend(source, through: last) }
        let renderer = ExportRenderer(export, source, known)
        var assembly = try ExportText(self, source, known.holding(from: export.from, through: last))
        guard try assembly.begin(header: renderer.header, emit) else { return }
        let pool = OrderedPool(workers: workers, isBackground: throttle != nil) { renderer.render($0) }
        defer { pool.end() }
        var next = resumption.map { $0.after + 1 } ?? export.from
        while true {
            let last = min(export.through, source.head)
            if next <= last {
                guard try scan(next, last, pool, &assembly, emit) else { return }
                next = last + 1
            }
            guard isFollowing, next <= export.through, waits() else { break }
        }
        _ = try assembly.end(through: next - 1, emit)
    }

    /// False when `emit` was.
    private func scan(
        _ from: UInt64,
        _ through: UInt64,
        _ pool: OrderedPool<ExportBatch, ExportedBatch>,
        _ assembly: inout ExportText,
        _ emit: ([UInt8]) throws -> Bool
    ) throws -> Bool {
        var batch = ExportBatch(first: from)
        var goesOn = true
        var stretch: Throttle.Stretch?
        try source.scan(from: from, through: through) { sequence, record in
            batch.append(record)
            guard batch.isFull else { return true }
            throttle?.giveWay(&stretch)
            pool.add(batch)
            batch = ExportBatch(first: sequence + 1)
            while goesOn, let done = pool.finished(waiting: pool.isFull) { goesOn = try assembly.add(done, emit) }
            return goesOn
        }
        guard goesOn else { return false }
        if !batch.isEmpty { pool.add(batch) }
        while goesOn, let done = pool.finished(waiting: true) { goesOn = try assembly.add(done, emit) }
        return goesOn
    }
}
