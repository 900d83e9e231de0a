internal import Glibc

/// The few file operations the ledger does itself, each with an error that names the file.
package enum Files {
    /// The whole content, or nil when there is no such file. More than `limit` bytes is an error.
    package static func read(_ path: String, limit: Int = 1 << 16) throws(LedgerError) -> [UInt8]? {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw LedgerError("open", path, errno: errno)
        }
        defer { Glibc.close(descriptor) }
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: min(max(limit, 1), 1 << 20))
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw LedgerError("read", path, errno: errno) }
            guard count > 0 else { return content }
            content.append(contentsOf: buffer[..<count])
            guard content.count <= limit else {
                throw LedgerError(.ioError, "\(path) is longer than \(limit) bytes; it is not what belongs there")
            }
        }
    }

    /// Replaces the file in one step: after a crash either the old or the new content is there, never a part.
    package static func replace(_ path: String, with content: [UInt8], mode: UInt32) throws(LedgerError) {
        try replace(path, with: content, mode: mode, killPoint: nil)
    }

    static func replace(
        _ path: String,
        with content: [UInt8],
        mode: UInt32,
        killPoint: KillPoint?
    ) throws(LedgerError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode)
        guard descriptor >= 0 else { throw LedgerError("create", temporary, errno: errno) }
        var written = 0
        var failure: Int32 = 0
        while written < content.count, failure == 0 {
            let count = content.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.map { $0 + written }, bytes.count - written)
            }
            if count >= 0 { written += count } else if errno != EINTR { failure = errno }
        }
        if failure == 0, fsync(descriptor) != 0 { failure = errno }
        if Glibc.close(descriptor) != 0, failure == 0 { failure = errno }
        if failure == 0 { killPoint?.pass() }
        if failure == 0, Glibc.rename(temporary, path) != 0 { failure = errno }
        guard failure == 0 else {
            unlink(temporary)
            throw LedgerError("write", path, errno: failure)
        }
        try syncDirectory(of: path)
    }

    static func rename(_ from: String, to path: String) throws(LedgerError) {
        guard Glibc.rename(from, path) == 0 else { throw LedgerError("rename", from, errno: errno) }
        try syncDirectory(of: path)
    }

    /// The names in a directory, in order.
    static func remove(_ path: String) throws(LedgerError) {
        guard unlink(path) == 0 || errno == ENOENT else { throw LedgerError("remove", path, errno: errno) }
        try syncDirectory(of: path)
    }

    static func names(in path: String) throws(LedgerError) -> [String] {
        guard let folder = opendir(path) else { throw LedgerError("open", path, errno: errno) }
        defer { closedir(folder) }
        var names: [String] = []
        while let entry = readdir(folder) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }

    static func isRegular(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// Whether another process holds a lock on the file. Only asks.
    static func isLocked(_ path: String) -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { Glibc.close(descriptor) }
        var lock = flock()
        lock.l_type = Int16(F_WRLCK)
        lock.l_whence = Int16(SEEK_SET)
        return fcntl(descriptor, F_GETLK, &lock) == 0 && lock.l_type != Int16(F_UNLCK)
    }

    /// Copies a file, readable for its owner alone.
    static func copy(_ from: String, to path: String) throws(LedgerError) {
        guard let content = try read(from, limit: 1 << 32) else { return }
        try replace(path, with: content, mode: 0o600)
    }

    /// Removes a directory and all that is in it.
    static func removeTree(_ path: String) throws(LedgerError) {
        for name in try names(in: path) {
            let inner = path + "/" + name
            var status = stat()
            guard lstat(inner, &status) == 0 else { continue }
            if status.st_mode & S_IFMT == S_IFDIR { try removeTree(inner) } else { unlink(inner) }
        }
        guard rmdir(path) == 0 else { throw LedgerError("remove", path, errno: errno) }
    }

    static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// Creates the directory (0700) unless it is there, and checks that this process may work in it.
    static func makeDirectory(_ path: String, writable: Bool) throws(LedgerError) {
        if writable, mkdir(path, 0o700) != 0, errno != EEXIST {
            let reason = errno
            guard reason != ENOENT else {
                throw LedgerError(
                    .notFound,
                    "cannot create the data directory \(path): the directory above it does not exist"
                )
            }
            throw LedgerError("create", path, errno: reason)
        }
        var status = stat()
        guard stat(path, &status) == 0 else {
            let reason = errno
            if reason == ENOENT { throw LedgerError(.notFound, "the data directory \(path) does not exist") }
            throw LedgerError("open", path, errno: reason)
        }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            throw LedgerError(.ioError, "the data directory \(path) is not a directory; name another one")
        }
        guard access(path, R_OK | X_OK | W_OK) == 0 else {
            throw LedgerError("use the data directory", path, errno: errno)
        }
    }

    private static func syncDirectory(of path: String) throws(LedgerError) {
        let directory = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
        let descriptor = open(directory.isEmpty ? "/" : directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LedgerError("open", directory, errno: errno) }
        defer { Glibc.close(descriptor) }
        guard fsync(descriptor) == 0 else { throw LedgerError("sync", directory, errno: errno) }
    }
}
