internal import Events
internal import Ledger

/// The text of an export as it comes together, and in a verifiable one the tree, the digest and the counts.
struct ExportText {
    private let run: ExportRun
    private let epochs: ExportEpochs
    /// Nil where nothing is to be proved.
    private let ledger: (any ProvableSource)?
    private var digest = Digest.Stream()
    private var covered = CompactRange()
    private var omitting: CompactRange?
    private var events: UInt64 = 0
    private var omitted: UInt64 = 0

    init(_ run: ExportRun, _ source: any RecordSource, _ epochs: ExportEpochs) throws {
        self.run = run
        self.epochs = epochs
        guard run.export.format == .ndjson else {
            ledger = nil
            return
        }
        guard let ledger = source as? any ProvableSource else {
            throw ViewError(.badQuestion, "this log has no signed tree, so no verifiable export can be made of it")
        }
        self.ledger = ledger
        if let resumption = run.resumption {
            covered = try ledger.compactRange(from: 1, through: resumption.after)
            guard covered.root == resumption.root else {
                throw ViewError(
                    .badQuestion,
                    "the events up to \(resumption.after) in the cut export are not those of this ledger: it is of another one, "
                        + "or was changed"
                )
            }
        } else {
            covered = try ledger.compactRange(from: 1, through: run.export.from - 1)
        }
    }

    /// Gives what stands before the events; false to stop.
    mutating func begin(header: [UInt8], _ emit: ([UInt8]) throws -> Bool) throws -> Bool {
        guard run.resumption == nil else { return true }
        guard let ledger else { return header.isEmpty ? true : try emit(header) }
        return try give(
            ExportControlLine.manifest(
                run.export,
                through: run.isFollowing ? nil : run.export.through,
                origin: ledger.origin,
                key: ledger.verifierKey,
                left: covered,
                epochs: epochs
            ),
            emit
        )
    }

    /// Gives the text of the next batch; false to stop.
    mutating func add(_ batch: ExportedBatch, _ emit: ([UInt8]) throws -> Bool) throws -> Bool {
        var start = 0
        for part in batch.parts {
            switch part {
            case .text(let end, let count, let leaves):
                guard try endOmission(emit) else { return false }
                if let leaves { covered.append(leaves) }
                events += count
                let isAll = start == 0 && end == batch.text.count
                guard try give(isAll ? batch.text : Array(batch.text[start..<end]), emit) else { return false }
                start = end
            case .omitted(let leaves):
                if omitting?.append(leaves) != true { omitting = leaves }
                guard try leaves.end % Export.segment != 0 || endOmission(emit) else { return false }
            }
        }
        if let failure = batch.failure { throw failure }
        return true
    }

    /// Gives what stands behind the last event; false to stop.
    mutating func end(through last: UInt64, _ emit: ([UInt8]) throws -> Bool) throws -> Bool {
        guard let ledger else { return true }
        guard try endOmission(emit) else { return false }
        let note = try ledger.checkpoint(size: last)
        let checkpoint = try Checkpoint(note: note, key: nil)
        guard covered.root == checkpoint.root else {
            throw ViewError(
                .gap,
                "the events up to \(last) do not lead to the root of the tree: the ledger was changed or is damaged; run "
                    + "`tollgate verify`"
            )
        }
        guard run.resumption == nil else { return true }
        let trailer = ExportControlLine.trailer(
            events: events,
            omitted: omitted,
            digest: digest.finalize(),
            root: checkpoint.root,
            checkpoint: note
        )
        return try emit(trailer)
    }

    private mutating func endOmission(_ emit: ([UInt8]) throws -> Bool) throws -> Bool {
        guard let run = omitting else { return true }
        omitting = nil
        omitted += run.count
        covered.append(run)
        return try give(ExportControlLine.omitted(run), emit)
    }

    private mutating func give(_ text: [UInt8], _ emit: ([UInt8]) throws -> Bool) throws -> Bool {
        if ledger != nil { digest.update(text) }
        return try emit(text)
    }
}
