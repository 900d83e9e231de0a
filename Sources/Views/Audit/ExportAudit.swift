public import Ledger
internal import Synchronization

/// What the verification of an export found: only with the file and the ledger's public key.
public struct ExportAudit: Equatable, Sendable {
    /// The origin of the ledger.
    public var origin: String
    /// The public key that the signature was verified with.
    public var key: String
    /// The first sequence.
    public var from: UInt64
    /// The last sequence.
    public var through: UInt64
    /// The events in the file.
    public var events: UInt64
    /// The events that a filter left out, and that are accounted for by their hashes.
    public var omitted: UInt64
    /// The bytes that were read.
    public var bytes: UInt64
    /// The checkpoint that everything leads to.
    public var checkpoint: Checkpoint

    /// Reads an export to its end and verifies it.
    ///
    /// Every event's fields are compared with its stored bytes, the tree is put together, and the checkpoint's signature
    /// is verified. Without a `key` the one in the file is taken, which shows only that the file is whole.
    /// `trusted` is a checkpoint that the verifier kept; it has to be of the same tree.
    ///
    /// - Parameters:
    ///   - workers: threads that hash, beside the calling one, which reads.
    ///   - read: fills the buffer and gives the number of bytes, 0 at the end; may block.
    ///   - progress: called with the bytes read so far.
    /// - Throws: `AuditFailure` for what does not hold, or what `read` throws.
    public static func verify(
        key: VerifierKey?,
        trusted: Checkpoint? = nil,
        workers: Int,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int,
        progress: (UInt64) -> Void
    ) throws -> ExportAudit {
        let pool = ExportPool(workers: max(1, min(workers, 64)))
        defer { pool.end() }
        var assembly = Assembly(key: key)
        var input = ExportInput(read: read)
        while let lines = try input.next() {
            assembly.digest.update(lines)
            assembly.bytes += UInt64(lines.count)
            if let rest = try assembly.begin(with: lines) { pool.add(rest) }
            while let block = pool.finished(waiting: pool.isFull) { try assembly.add(block) }
            progress(assembly.bytes)
        }
        while let block = pool.finished(waiting: true) { try assembly.add(block) }
        let audit = try assembly.end(with: input.rest, trusted: trusted)
        progress(audit.bytes)
        return audit
    }

    /// The tree as it comes together.
    private struct Assembly {
        let key: VerifierKey?
        var digest = Digest.Stream()
        var bytes: UInt64 = 0
        private var manifest: ExportLines.Manifest?
        private var covered = CompactRange()
        private var events: UInt64 = 0
        private var omitted: UInt64 = 0

        init(key: VerifierKey?) { self.key = key }

        /// Takes the manifest from the first lines; gives the others.
        mutating func begin(with lines: [UInt8]) throws(AuditFailure) -> [UInt8]? {
            guard manifest == nil else { return lines }
            let end = lines.firstIndex(of: 0x0a) ?? lines.count
            let manifest = try ExportLines.Manifest(Array(lines[..<end]))
            if let key {
                guard manifest.origin == key.name else {
                    throw AuditFailure(
                        .signature,
                        "the export is of the ledger \(manifest.origin), but the key is of \(key.name)"
                    )
                }
                guard manifest.key == key.text else {
                    throw AuditFailure(.signature, "the export names another key than the given one for \(key.name)")
                }
            }
            self.manifest = manifest
            covered = manifest.left
            let rest = Array(lines.dropFirst(end + 1))
            return rest.isEmpty ? nil : rest
        }

        mutating func add(_ block: ExportBlock) throws(AuditFailure) {
            if let range = block.range {
                guard covered.append(range) else {
                    throw ExportBlock.gap(expected: covered.end + 1, found: range.begin + 1)
                }
            }
            events += block.events
            omitted += block.omitted
            if let failure = block.failure { throw failure }
        }

        /// Compares everything with the trailer.
        func end(with last: [UInt8], trusted: Checkpoint?) throws(AuditFailure) -> ExportAudit {
            guard let manifest else {
                guard !ExportLines.isManifest(last) else {
                    throw AuditFailure(.cut, "the export was cut off behind its manifest; make it again")
                }
                throw AuditFailure(.malformed, "this is not an export: it has no whole line, or is empty")
            }
            let trailer = try trailer(last)
            let through = manifest.through
            guard covered.end == through else {
                throw covered.end < through
                    ? AuditFailure(
                        .missing,
                        "events \(covered.end + 1) to \(through) are missing at the end of the export",
                        at: covered.end + 1...through
                    )
                    : AuditFailure(
                        .malformed,
                        "the export has events behind \(through), which its manifest names as the last"
                    )
            }
            guard trailer.events == events else {
                throw AuditFailure(.digest, "the export has \(events) events, and its trailer counts \(trailer.events)")
            }
            let checkpoint = try checkpoint(trailer, manifest)
            guard covered.root == checkpoint.root, trailer.root == checkpoint.root else {
                throw AuditFailure(
                    .root,
                    "the events do not lead to the signed root of \(checkpoint.size) records: the stored bytes of one of the "
                        + "events \(manifest.from) to \(through), or the hashes beside them, were changed",
                    at: through >= manifest.from ? manifest.from...through : nil
                )
            }
            guard trailer.digest == digest.finalize().hexadecimalText else {
                throw AuditFailure(.digest, "the file's bytes are not those that the trailer has the SHA-256 of")
            }
            if let trusted { try AuditFailure.match(trusted, with: [checkpoint]) }
            return ExportAudit(
                origin: manifest.origin,
                key: manifest.key,
                from: manifest.from,
                through: through,
                events: events,
                omitted: omitted,
                bytes: bytes + UInt64(last.count),
                checkpoint: checkpoint
            )
        }

        private func trailer(_ last: [UInt8]) throws(AuditFailure) -> ExportLines.Trailer {
            let end = last.firstIndex(of: 0x0a) ?? last.count
            let line = Array(last[..<end])
            guard ExportLines.isTrailer(line), end < last.count else {
                throw AuditFailure(
                    .cut,
                    "the export was cut off behind event \(covered.end): it has no trailer; go on with it by --resume, or make "
                        + "it again"
                )
            }
            guard end + 1 == last.count else {
                throw AuditFailure(.trailing, "there are \(last.count - end - 1) bytes behind the export's trailer")
            }
            return try ExportLines.Trailer(line)
        }

        private func checkpoint(
            _ trailer: ExportLines.Trailer,
            _ manifest: ExportLines.Manifest
        ) throws(AuditFailure) -> Checkpoint {
            let name = "the export's checkpoint"
            let verifier: VerifierKey
            do throws(LedgerError) {
                if let key { verifier = key } else { verifier = try VerifierKey(text: manifest.key) }
            } catch {
                throw AuditFailure(.malformed, "the export's manifest holds no public key")
            }
            let checkpoint = try AuditFailure.verified(trailer.checkpoint, verifier, name)
            guard checkpoint.origin == manifest.origin, checkpoint.size == manifest.size else {
                throw AuditFailure(
                    .root,
                    "\(name) is of \(checkpoint.size) records of \(checkpoint.origin), not of \(manifest.size) of "
                        + manifest.origin
                )
            }
            return checkpoint
        }
    }
}

/// Cuts what is read into runs of whole lines; the last line is held back, for it may be the trailer.
private struct ExportInput {
    private let read: (UnsafeMutableRawBufferPointer) throws -> Int
    /// At the end: the last line and what stands behind it.
    private(set) var rest: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)
    private var isAtEnd = false

    init(read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) { self.read = read }

    /// Some whole lines; nil at the end.
    mutating func next() throws -> [UInt8]? {
        while !isAtEnd {
            let before = rest.count
            let count = try buffer.withUnsafeMutableBytes { min(try read($0), $0.count) }
            guard count > 0 else {
                isAtEnd = true
                break
            }
            buffer.withUnsafeBytes { rest.append(contentsOf: $0[..<count]) }
            let cut = rest.withUnsafeBytes { bytes -> Int? in
                guard let last = ExportLines.lastNewline(in: UnsafeRawBufferPointer(rebasing: bytes[before...])) else {
                    return nil
                }
                return ExportLines.lastNewline(in: UnsafeRawBufferPointer(rebasing: bytes[..<(before + last)]))
            }
            guard let cut else {
                guard rest.count <= 2 * ExportLines.lineLimit else {
                    throw AuditFailure(.malformed, "a line of the export is longer than \(ExportLines.lineLimit) bytes")
                }
                continue
            }
            let lines = Array(rest[...cut])
            rest.removeFirst(cut + 1)
            return lines
        }
        return nil
    }
}

/// Threads that hash blocks, and the results in the order in which the blocks came.
private final class ExportPool: Sendable {
    private struct State {
        var waiting: [(index: Int, bytes: [UInt8])] = []
        var results: [Int: ExportBlock] = [:]
        var added = 0
        var taken = 0
        var isOver = false
    }

    private let monitor = Monitor()
    private let state = Mutex(State())
    private let workers: Int
    private let threads: Mutex<[WorkerThread]>

    init(workers: Int) {
        self.workers = workers
        threads = Mutex([])
        let started = (0..<workers).map { _ in WorkerThread { [self] in work() } }.filter(\.started)
        threads.withLock { $0 = started }
    }

    /// Whether as much waits as should.
    var isFull: Bool { state.withLock { $0.added - $0.taken >= 2 * workers + 2 } }

    func add(_ bytes: [UInt8]) {
        guard threads.withLock({ !$0.isEmpty }) else {
            // The system gives no thread: this one does the work.
            let block = ExportBlock(bytes)
            state.withLock { state in
                state.results[state.added] = block
                state.added += 1
            }
            return
        }
        monitor.withLock {
            state.withLock { state in
                state.waiting.append((state.added, bytes))
                state.added += 1
            }
            monitor.signalAll()
        }
    }

    /// The next block's result; nil when there is none, or none yet and it was not worth `waiting`.
    func finished(waiting: Bool) -> ExportBlock? {
        monitor.withLock {
            while true {
                let (block, isEmpty) = state.withLock { state -> (ExportBlock?, Bool) in
                    guard let block = state.results.removeValue(forKey: state.taken) else {
                        return (nil, state.taken == state.added)
                    }
                    state.taken += 1
                    return (block, false)
                }
                if let block { return block }
                guard waiting, !isEmpty else { return nil }
                monitor.wait()
            }
        }
    }

    func end() {
        monitor.withLock {
            state.withLock { $0.isOver = true }
            monitor.signalAll()
        }
        for thread in threads.withLock({ $0 }) { thread.join() }
        // The threads hold this object, and it holds them.
        threads.withLock { $0 = [] }
    }

    private func work() {
        while let (index, bytes) = take() {
            let block = ExportBlock(bytes)
            monitor.withLock {
                state.withLock { $0.results[index] = block }
                monitor.signalAll()
            }
        }
    }

    private func take() -> (index: Int, bytes: [UInt8])? {
        monitor.withLock {
            while true {
                let (job, isOver) = state.withLock { state in
                    (state.waiting.isEmpty || state.isOver ? nil : state.waiting.removeFirst(), state.isOver)
                }
                if let job { return job }
                if isOver { return nil }
                monitor.wait()
            }
        }
    }
}
