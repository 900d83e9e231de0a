import Events
import Glibc
import Ledger

/// Snapshots of a view in files that may be deleted at any time.
///
/// A file binds the view to its origin, to the view version, to the last event in it (by the hash of its stored bytes),
/// to the tree root where that was known, to the price book, and to a later book that its restated figures were made by
/// already, as in a rebuild that knew it. Whatever does not fit is a reason to rebuild, never an error.
struct SnapshotStore: Sendable {
    /// What a file holds.
    enum Kind: String, Sendable {
        /// The view that is served.
        case served = "snapshot"
        /// A rebuild that has not come to its end.
        case rebuild = "rebuild"
    }

    let directory: String
    var kind = Kind.served
    private static let magic: [UInt8] = Array("TGVIEW2\n".utf8)
    private static let most = 1 << 31

    /// The newest snapshot that belongs to the log, with why an existing one was not taken.
    ///
    /// - Parameter foretold: The sequence of the book that its restated figures must be made by, where that is not the
    ///   newest book that is folded in; 0 for that one.
    func load(_ source: any RecordSource, foretold: UInt64 = 0) -> (state: ViewState?, refusal: String?) {
        guard let bytes = read(path) else { return (nil, nil) }
        do throws(ViewError) {
            return (try Self.decode(bytes, source, foretold: foretold), nil)
        } catch {
            return (nil, error.description)
        }
    }

    /// Writes a snapshot beside the old one and takes its place, so that one of them is always whole.
    func save(_ state: ViewState, _ source: any RecordSource, foretold: UInt64 = 0) throws(ViewError) {
        guard state.sequence > 0, let anchor = try? source.readRecord(at: state.sequence) else { return }
        var writer = ByteWriter()
        writer.bytes = Self.magic
        writer.varint(UInt64(ViewState.version))
        writer.string(source.origin)
        writer.varint(state.sequence)
        writer.blob(SHA256.hash(anchor))
        writer.blob(source.treeRoot(size: state.sequence) ?? [])
        writer.varint(UInt64(state.bookRevision))
        writer.varint(foretold)
        writer.blob(state.encode())
        let sum = checksum(writer.bytes)
        writer.fixed64(sum)
        try write(writer.bytes)
    }

    /// Removes the file, when there is one.
    func remove() { unlink(path) }

    static func decode(
        _ bytes: [UInt8],
        _ source: any RecordSource,
        foretold: UInt64 = 0
    ) throws(ViewError) -> ViewState {
        guard bytes.count > magic.count + 8, bytes.starts(with: magic) else {
            throw ViewError(.badSnapshot, "the file is no snapshot of a view")
        }
        let body = Array(bytes.dropLast(8))
        let parts = bytes.withUnsafeBytes { pointer -> (Parts, Bool) in
            var reader = ByteReader(pointer, from: bytes.count - 8)
            let sum = reader.fixed64()
            reader = ByteReader(UnsafeRawBufferPointer(rebasing: pointer.dropLast(8)), from: magic.count)
            let parts = Parts(&reader)
            return (parts, !reader.failed && reader.remaining == 0 && sum == checksum(body))
        }
        guard parts.1 else { throw ViewError(.badSnapshot, "the snapshot is damaged") }
        try parts.0.check(source)
        guard parts.0.foretold == foretold else {
            throw ViewError(.badSnapshot, "the snapshot was priced by another book than the newest")
        }
        let state = try ViewState(decoding: parts.0.state)
        guard state.sequence == parts.0.sequence, UInt64(state.bookRevision) == parts.0.book else {
            throw ViewError(.badSnapshot, "the snapshot contradicts itself")
        }
        return state
    }

    private struct Parts {
        var version: UInt64
        var origin: String
        var sequence: UInt64
        var anchor: [UInt8]
        var root: [UInt8]
        var book: UInt64
        var foretold: UInt64
        var state: [UInt8]

        init(_ reader: inout ByteReader) {
            version = reader.varint()
            origin = reader.string()
            sequence = reader.varint()
            anchor = reader.bytes()
            root = reader.bytes()
            book = reader.varint()
            foretold = reader.varint()
            state = reader.bytes()
        }

        func check(_ source: any RecordSource) throws(ViewError) {
            guard version == UInt64(ViewState.version) else {
                throw ViewError(.badSnapshot, "the snapshot is of view version \(version), not \(ViewState.version)")
            }
            guard origin == source.origin else {
                throw ViewError(.badSnapshot, "the snapshot is of the ledger \(origin), not of \(source.origin)")
            }
            guard sequence <= source.head, let record = try? source.readRecord(at: sequence),
                SHA256.hash(record) == anchor
            else {
                throw ViewError(
                    .badSnapshot,
                    "the snapshot holds event \(sequence), which is not in the ledger as it was"
                )
            }
            if !root.isEmpty, let known = source.treeRoot(size: sequence), known != root {
                throw ViewError(.badSnapshot, "the snapshot is bound to another tree of events")
            }
        }
    }

    /// FNV-1a over eight bytes at a time: finds damage; against intent the ledger itself is proof.
    private static func checksum(_ bytes: [UInt8]) -> UInt64 {
        bytes.withUnsafeBytes { pointer in
            var state: UInt64 = 0xcbf2_9ce4_8422_2325
            var offset = 0
            while pointer.count - offset >= 8 {
                state ^= pointer.loadUnaligned(fromByteOffset: offset, as: UInt64.self).littleEndian
                state = state &* 0x0000_0100_0000_01b3
                state ^= state >> 29
                offset &+= 8
            }
            while offset < pointer.count {
                state = (state ^ UInt64(pointer[offset])) &* 0x0000_0100_0000_01b3
                offset &+= 1
            }
            return state ^ UInt64(pointer.count)
        }
    }

    private func checksum(_ bytes: [UInt8]) -> UInt64 { Self.checksum(bytes) }

    private var path: String { directory + "/" + kind.rawValue }

    private func read(_ path: String) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var status = stat()
        guard fstat(file, &status) == 0, status.st_size > 0, status.st_size < Self.most else { return nil }
        let size = Int(status.st_size)
        let bytes = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            while count < size {
                let got = Glibc.read(file, buffer.baseAddress?.advanced(by: count), size - count)
                if got <= 0 { break }
                count += got
            }
        }
        return bytes.count == size ? bytes : nil
    }

    private func write(_ bytes: [UInt8]) throws(ViewError) {
        mkdir(directory, 0o700)
        let temporary = path + ".new"
        let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot create", temporary) }
        var written = 0
        while written < bytes.count {
            let put = bytes.withUnsafeBytes { pointer in
                Glibc.write(file, pointer.baseAddress?.advanced(by: written), bytes.count - written)
            }
            if put < 0, errno == EINTR { continue }
            guard put > 0 else {
                let error = failure("cannot write", temporary)
                close(file)
                unlink(temporary)
                throw error
            }
            written += put
        }
        let synced = fsync(file)
        close(file)
        KillPoint.beforeSnapshot.pass()
        guard synced == 0, rename(temporary, path) == 0 else { throw failure("cannot replace", path) }
        KillPoint.afterSnapshot.pass()
    }

    private func failure(_ what: String, _ path: String) -> ViewError {
        ViewError(
            .io,
            "\(what) the snapshot \(path): \(String(cString: strerror(errno))); views are rebuilt at the next start"
        )
    }
}
