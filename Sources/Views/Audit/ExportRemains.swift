public import Ledger

/// What is left of an export that was cut off, to go on from.
public struct ExportRemains: Sendable {
    /// What a file turned out to be.
    public enum Found: Sendable {
        /// An export with its end; nothing is missing.
        case whole(ExportAudit)
        /// An export that was cut off.
        case cut(ExportRemains)
        /// Nothing, or not even the whole of an export's first line.
        case nothing
    }

    /// The first line, as it stands in the file.
    public var manifest: [UInt8]
    /// The public key of the ledger.
    public var key: String
    /// The first sequence of the export.
    public var from: UInt64
    /// The last one; nil where it went on with what came.
    public var through: UInt64?
    /// What the export was asked for.
    public var filter: EventFilter
    /// The bytes of whole lines, behind which to go on.
    public var bytes: UInt64
    /// The root of the tree of what the whole lines have or account for.
    public var root: Digest
    /// The counts so far.
    public var ending: ExportEnding

    /// Reads a file to its end; a line of it that was cut off is passed over.
    ///
    /// What is there is verified as in ``ExportAudit/verify(key:trusted:workers:read:progress:)``, but for the signature,
    /// which is not there.
    ///
    /// - Throws: `AuditFailure` for what is no export or does not hold, or what `read` throws.
    public static func read(
        workers: Int,
        read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int,
        progress: (UInt64) -> Void
    ) throws -> Found {
        var assembly = ExportAssembly(key: nil)
        let rest = try assembly.read(workers: workers, read, progress: progress)
        guard let newline = rest.firstIndex(of: 0x0a) else {
            guard rest.isEmpty || ExportLines.mayBecomeManifest(rest) else {
                throw AuditFailure(.malformed, "this is not an export as ndjson that was cut off")
            }
            return .nothing
        }
        guard !ExportLines.isTrailer(Array(rest[..<newline])) else {
            return .whole(try assembly.end(with: rest, trusted: nil))
        }
        if let lines = try assembly.take(Array(rest[...newline])) { try assembly.add(ExportBlock(lines)) }
        guard let manifest = assembly.manifest, let root = assembly.covered.root else { return .nothing }
        return .cut(
            ExportRemains(
                manifest: assembly.manifestLine,
                key: manifest.key,
                from: manifest.from,
                through: manifest.through,
                filter: manifest.filter,
                bytes: assembly.bytes,
                root: root,
                ending: ExportEnding(
                    last: assembly.covered.end,
                    events: assembly.events,
                    omitted: assembly.omitted,
                    digest: assembly.digest
                )
            )
        )
    }
}
