internal import Glibc

/// A file that is there to be deleted: when the disk is full, what it occupied lets the log end in good order.
struct Ballast: Sendable {
    /// Enough for what the store writes when it is reopened: its memory as a table, a new log, a new manifest.
    static let most: UInt64 = 32 << 20

    let path: String
    let bytes: UInt64

    var exists: Bool { Files.exists(path) }

    /// Allocates the file; false when there is no room for it, which leaves nothing behind.
    func fill() -> Bool {
        let descriptor = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        guard posix_fallocate(descriptor, 0, Int(clamping: bytes)) == 0 else {
            unlink(path)
            return false
        }
        return true
    }

    /// Gives the space back; false when it was given already.
    func drop() -> Bool { unlink(path) == 0 }
}
