internal import Glibc

/// A file that checkpoints are appended to, one signed note and an empty line each; it is never rewritten.
///
/// It belongs where whoever can change the data directory cannot change it: another disk, another machine's share, a
/// file with the append-only attribute.
enum CheckpointCopy {
    /// Enough of the file's end to hold the last note.
    private static let tailLimit = 4 * 4_096

    /// Appends a note, and a separator first where a crash left a part of one.
    static func append(_ note: [UInt8], to path: String) throws(LedgerError) {
        let descriptor = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0o644)
        guard descriptor >= 0 else { throw LedgerError("open", path, errno: errno) }
        defer { Glibc.close(descriptor) }
        let end = try tail(descriptor, path, count: 2)
        let separator: [UInt8] = end.isEmpty || end == [0x0a, 0x0a] ? [] : end.last == 0x0a ? [0x0a] : [0x0a, 0x0a]
        let text = separator + note + [0x0a]
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

    /// The last whole note; nil when there is none or no such file.
    static func last(_ path: String) throws(LedgerError) -> String? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw LedgerError("open", path, errno: errno)
        }
        defer { Glibc.close(descriptor) }
        let bytes = try tail(descriptor, path, count: tailLimit)
        return Checkpoint.notes(in: String(decoding: bytes, as: UTF8.self)).last
    }

    private static func tail(_ descriptor: Int32, _ path: String, count: Int) throws(LedgerError) -> [UInt8] {
        let size = lseek(descriptor, 0, SEEK_END)
        guard size >= 0 else { throw LedgerError("read", path, errno: errno) }
        var bytes = [UInt8](repeating: 0, count: min(count, Int(size)))
        var found = 0
        while found < bytes.count {
            let offset = Int(size) - bytes.count + found
            let count = bytes.withUnsafeMutableBytes { buffer in
                pread(descriptor, buffer.baseAddress.map { $0 + found }, buffer.count - found, offset)
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw LedgerError("read", path, errno: errno) }
            found += count
        }
        return bytes
    }
}
