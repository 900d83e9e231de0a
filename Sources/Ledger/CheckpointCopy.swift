internal import Glibc

/// A file that checkpoints are appended to, one signed note and an empty line each; it is never rewritten.
///
/// It belongs where whoever can change the data directory cannot change it: another disk, another machine's share, a
/// file with the append-only attribute.
struct CheckpointCopy {
    /// So much of the file's end is looked through: some hours of checkpoints, at a gateway that never rests.
    private static let tailLimit = 8 << 20

    /// Whether there was no such file, or nothing in it.
    let isMissing: Bool
    private let bytes: [UInt8]
    /// Where in the file `bytes` begin.
    private let offset: Int

    /// Reads the end of the file.
    init(_ path: String) throws(LedgerError) {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            guard errno == ENOENT else { throw LedgerError("open", path, errno: errno) }
            (isMissing, bytes, offset) = (true, [], 0)
            return
        }
        defer { Glibc.close(descriptor) }
        bytes = try Self.tail(descriptor, path, count: Self.tailLimit)
        isMissing = bytes.isEmpty
        offset = Int(max(0, lseek(descriptor, 0, SEEK_END))) - bytes.count
    }

    /// The note of the largest tree, so that an old one behind the newer ones hides nothing; nil when there is none.
    ///
    /// - Parameters:
    ///   - origin: the ledger that is meant; else the one of the last note.
    ///   - key: what a loss that an operator accepted is signed with: what stands before that counts no more.
    func newest(of origin: String?, key: VerifierKey? = nil) -> String? {
        let places = places()
        guard let origin = origin ?? places.reversed().lazy.compactMap({ note(at: $0).map(\.checkpoint.origin) }).first
        else { return nil }
        let first = Array(origin.utf8)
        let isAccepted = { [bytes] (start: Int) in
            guard let key, bytes[start...].starts(with: Array("\(origin)/accepted-loss/".utf8)) else { return false }
            return note(at: start, key: key)?.checkpoint.origin == Self.acceptedLoss(origin, at: start + offset)
        }
        let begin = places.last(where: isAccepted) ?? 0
        var best: (size: UInt64, start: Int)?
        for start in places where start >= begin && line(at: start).elementsEqual(first) {
            if let size = size(behind: start), size >= best?.size ?? 0 { best = (size, start) }
        }
        return best.flatMap { note(at: $0.start)?.text }
    }

    /// What stands in place of the origin in the note of an accepted loss; good for one place of the file only.
    private static func acceptedLoss(_ origin: String, at offset: Int) -> String { "\(origin)/accepted-loss/\(offset)" }

    /// Where notes may begin: behind an empty line, with a line of digits as the second.
    private func places() -> [Int] {
        var places: [Int] = []
        var start = 0
        while let end = bytes[start...].firstIndex(of: 0x0a) {
            let isFirst = end > start && (start < 2 || bytes[start - 2] == 0x0a)
            if isFirst, size(behind: start) != nil { places.append(start) }
            start = end + 1
        }
        return places
    }

    private func line(at start: Int) -> ArraySlice<UInt8> {
        bytes[start...].prefix { $0 != 0x0a }
    }

    private func size(behind start: Int) -> UInt64? {
        let next = line(at: start).endIndex + 1
        guard next < bytes.count else { return nil }
        let digits = line(at: next).prefix(21)
        guard (1...20).contains(digits.count), digits.allSatisfy({ (0x30...0x39).contains($0) }) else { return nil }
        return UInt64(String(decoding: digits, as: UTF8.self))
    }

    private func note(at start: Int, key: VerifierKey? = nil) -> (text: String, checkpoint: Checkpoint)? {
        let text = String(decoding: bytes[start...].prefix(Checkpoint.noteLimit), as: UTF8.self)
        guard let note = Checkpoint.notes(in: text).first, let checkpoint = try? Checkpoint(note: note, key: key) else {
            return nil
        }
        return (note, checkpoint)
    }

    /// Notes that an operator accepted a loss: the file goes on with a tree that may be smaller than one before.
    static func acceptLoss(_ tree: MerkleTree, key: NodeKey, at path: String) throws(LedgerError) {
        try append(to: path) { offset throws(LedgerError) in
            let marker = Checkpoint(origin: acceptedLoss(key.origin, at: offset), size: tree.size, root: tree.root)
            return try marker.note(signedBy: key)
        }
    }

    static func append(_ note: [UInt8], to path: String) throws(LedgerError) {
        try append(to: path) { _ in note }
    }

    /// Appends a note, and a separator first where a crash left a part of one.
    private static func append(
        to path: String,
        _ note: (_ offset: Int) throws(LedgerError) -> [UInt8]
    ) throws(LedgerError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LedgerError("open", path, errno: errno) }
        defer { Glibc.close(descriptor) }
        let end = try tail(descriptor, path, count: 2)
        let separator: [UInt8] = end.isEmpty || end == [0x0a, 0x0a] ? [] : end.last == 0x0a ? [0x0a] : [0x0a, 0x0a]
        let size = Int(max(0, lseek(descriptor, 0, SEEK_END)))
        let text = separator + (try note(size + separator.count)) + [0x0a]
        var written = 0
        while written < text.count {
            let count = text.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw LedgerError("write", path, errno: errno) }
            written += count
        }
        guard fdatasync(descriptor) == 0 else { throw LedgerError("sync", path, errno: errno) }
    }

    private static func tail(_ descriptor: Int32, _ path: String, count: Int) throws(LedgerError) -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw LedgerError("read", path, errno: errno) }
        let count = min(count, Int(size))
        return try read(descriptor, path, at: Int(size) - count, count: count)
    }

    private static func read(
        _ descriptor: Int32,
        _ path: String,
        at offset: Int,
        count: Int
    ) throws(LedgerError) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var found = 0
        while found < count {
            let read = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + found }, buffer.count - found, offset + found)
            }
            if read < 0, errno == EINTR { continue }
            guard read > 0 else { throw LedgerError("read", path, errno: errno) }
            found += read
        }
        return bytes
    }
}
