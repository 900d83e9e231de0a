import Admin
import Glibc

/// A file that an export is written to. One thread at a time.
final class ExportFile: Sendable {
    private let path: String
    private let descriptor: Int32

    /// Opens a file that is there, which no other export may be writing at the same time.
    init(opening path: String) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { throw Self.error("opened", path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw ManagementError(.conflict, "Another export is being written to \(path)")
        }
    }

    /// Makes a file, or empties the one that is there.
    init(creating path: String) throws {
        self.path = path
        descriptor = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw Self.error("made", path) }
    }

    deinit { close(descriptor) }

    /// Nil for what is no regular file.
    var size: UInt64? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(clamping: status.st_size)
    }

    /// The first bytes, at most.
    func begin(_ count: Int) throws -> [UInt8] { try bytes(at: 0, count) }

    /// The last bytes, at most.
    func end(_ count: Int) throws -> [UInt8] {
        let size = Int(clamping: size ?? 0)
        return try bytes(at: max(0, size - count), min(count, size))
    }

    private func bytes(at offset: Int, _ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var found = 0
        while found < count {
            let read = bytes.withUnsafeMutableBytes {
                pread(descriptor, $0.baseAddress.map { $0 + found }, count - found, off_t(offset + found))
            }
            if read < 0, errno == EINTR { continue }
            guard read >= 0 else { throw Self.error("read", path) }
            guard read > 0 else { break }
            found += read
        }
        return Array(bytes.prefix(found))
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else { throw Self.error("read", path) }
        }
    }

    /// Drops what stands behind so many bytes; what is written next comes there.
    func cut(to bytes: UInt64) throws {
        guard ftruncate(descriptor, off_t(clamping: bytes)) == 0,
            lseek(descriptor, off_t(clamping: bytes), SEEK_SET) >= 0
        else { throw Self.error("cut to its whole lines", path) }
    }

    func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Glibc.write(descriptor, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count > 0 {
                    offset += count
                } else if count < 0, errno != EINTR {
                    throw Self.error("written", path)
                }
            }
        }
    }

    /// Returns when everything is on the disk.
    func sync() throws {
        guard fsync(descriptor) == 0 else { throw Self.error("written", path) }
    }

    private static func error(_ verb: String, _ path: String) -> ManagementError {
        let code: ManagementError.Code = errno == EACCES ? .forbidden : errno == ENOENT ? .notFound : .unavailable
        return ManagementError(code, "\(path) cannot be \(verb): \(String(cString: strerror(errno)))")
    }
}
