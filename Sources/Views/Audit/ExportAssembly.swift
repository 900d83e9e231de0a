internal import Events
internal import Ledger

/// The tree of an export's lines as it comes together, for who verifies the export or goes on with it.
struct ExportAssembly {
    let key: VerifierKey?
    /// The checkpoint that the export has to begin behind, as one of several files.
    let following: Checkpoint?
    private(set) var digest = Digest.Stream()
    private(set) var bytes: UInt64 = 0
    private(set) var manifest: ExportLines.Manifest?
    /// The line that the manifest is, with its end.
    private(set) var manifestLine: [UInt8] = []
    private(set) var covered = CompactRange()
    private(set) var events: UInt64 = 0
    private(set) var omitted: UInt64 = 0
    private var epochs = ExportEpochs()
    /// The events that the manifest names as adoptions and that are still to come, in order.
    private var stated: ArraySlice<(first: UInt64, kind: EventKind)> = []

    init(key: VerifierKey?, following: Checkpoint? = nil) {
        self.key = key
        self.following = following
    }

    /// Reads whole lines to the end of the file; gives the last line and what stands behind it, which may be the trailer.
    mutating func read(
        workers: Int,
        _ read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int,
        progress: (UInt64) -> Void
    ) throws -> [UInt8] {
        let pool = OrderedPool(workers: max(1, min(workers, 64))) { ExportBlock($0) }
        defer { pool.end() }
        var input = ExportInput(read: read)
        while let lines = try input.next() {
            if let rest = try take(lines) { pool.add(rest) }
            while let block = pool.finished(waiting: pool.isFull) { try add(block) }
            progress(bytes)
        }
        while let block = pool.finished(waiting: true) { try add(block) }
        return input.rest
    }

    /// Takes whole lines, and the manifest from the first ones; gives the lines of events.
    mutating func take(_ lines: [UInt8]) throws(AuditFailure) -> [UInt8]? {
        digest.update(lines)
        bytes += UInt64(lines.count)
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
        if let following { try check(manifest, following) }
        manifestLine = Array(lines[...min(end, lines.count - 1)])
        self.manifest = manifest
        let schemas = manifest.epochs.schemas.map { (first: $0.first, kind: EventKind.schemaAdopted) }
        let books = manifest.epochs.books.map { (first: $0.first, kind: EventKind.priceBookAdopted) }
        stated = (schemas + books).sorted { $0.first < $1.first }[...]
        covered = manifest.left
        let rest = Array(lines.dropFirst(end + 1))
        return rest.isEmpty ? nil : rest
    }

    private func check(_ manifest: ExportLines.Manifest, _ following: Checkpoint) throws(AuditFailure) {
        guard manifest.origin == following.origin else {
            throw AuditFailure(
                .signature,
                "the export is of the ledger \(manifest.origin), the one before it of \(following.origin)"
            )
        }
        guard manifest.from &- 1 == following.size else {
            throw AuditFailure(
                .missing,
                "the export begins with event \(manifest.from), but the one before it ends with \(following.size)",
                at: manifest.from &- 1 > following.size ? (following.size &+ 1)...(manifest.from &- 1) : nil
            )
        }
        guard manifest.left.root == following.root else {
            throw AuditFailure(
                .root,
                "the export goes on from another tree of \(following.size) records than the one before it ends with: "
                    + "history was rewritten between the two"
            )
        }
    }

    mutating func add(_ block: ExportBlock) throws(AuditFailure) {
        if let range = block.range {
            guard covered.append(range) else {
                throw ExportBlock.gap(expected: covered.end + 1, found: range.begin + 1)
            }
        }
        events += block.events
        omitted += block.omitted
        try checkStated(block)
        for (sequence, event) in block.adoptions { epochs.add(event, sequence) }
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
        let checkpoint = try checkpoint(trailer, manifest)
        let through = checkpoint.size
        guard covered.end == through else {
            throw covered.end < through
                ? AuditFailure(
                    .missing,
                    "events \(covered.end + 1) to \(through) are missing at the end of the export",
                    at: covered.end + 1...through
                )
                : AuditFailure(
                    .malformed,
                    "the export has events behind \(through), which its checkpoint names as the last"
                )
        }
        guard trailer.events == events, trailer.omitted == omitted else {
            throw AuditFailure(
                .digest,
                "the export has \(events) events and leaves out \(omitted), and its trailer counts \(trailer.events) and "
                    + "\(trailer.omitted)"
            )
        }
        guard omitted == 0 || !manifest.filter.isEmpty else {
            throw AuditFailure(.field, "the manifest names no filter, but \(omitted) events were left out")
        }
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
        try checkEpochs(manifest, through: through)
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

    /// Where the manifest says that something was adopted, that has to stand, or to have been left out by the filter.
    private mutating func checkStated(_ block: ExportBlock) throws(AuditFailure) {
        guard let range = block.range else { return }
        while let (first, kind) = stated.first, first <= range.end {
            stated.removeFirst()
            let isThere =
                first <= range.begin || block.adoptions.contains { $0.sequence == first && $0.event.kind == kind }
                || block.omissions.contains { $0.contains(first) }
            guard isThere else { throw Self.invented(first, kind) }
        }
    }

    private static func invented(_ first: UInt64, _ kind: EventKind) -> AuditFailure {
        AuditFailure(.field, "the manifest names event \(first) as \(kind.name), which it is not", at: first...first)
    }

    /// The manifest may not hide an adoption that stands in the file, nor name another one where it stands.
    private func checkEpochs(_ manifest: ExportLines.Manifest, through: UInt64) throws(AuditFailure) {
        // What is still to come in a whole export does not come.
        if manifest.through != nil, let (first, kind) = stated.first(where: { $0.first >= manifest.from }) {
            throw Self.invented(first, kind)
        }
        for (stated, found) in [(manifest.epochs.schemas, epochs.schemas), (manifest.epochs.books, epochs.books)] {
            // One that goes on with what comes cannot know what comes.
            let missing = manifest.through == nil ? [] : found.filter { !stated.contains($0) }
            let wrong = stated.filter { epoch in found.contains { $0.first == epoch.first && $0 != epoch } }
            guard let epoch = missing.first ?? wrong.first else { continue }
            throw AuditFailure(
                .field,
                "the manifest does not say of the schema versions and price books what event \(epoch.first) says",
                at: epoch.first...epoch.first
            )
        }
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
        guard checkpoint.origin == manifest.origin, manifest.through ?? checkpoint.size == checkpoint.size else {
            throw AuditFailure(
                .root,
                "\(name) is of \(checkpoint.size) records of \(checkpoint.origin), not of \(manifest.through ?? 0) of "
                    + manifest.origin
            )
        }
        return checkpoint
    }
}
