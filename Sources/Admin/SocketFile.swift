#if canImport(Glibc)
import Glibc
#else
import Darwin
#endif

/// The management socket of a data directory: `tollgate.sock`, mode 0600.
public struct SocketFile: Sendable {
    /// The file's path as a person writes it.
    public let path: String

    /// The socket of a data directory.
    public init(directory: String) { path = directory + (directory.hasSuffix("/") ? "" : "/") + "tollgate.sock" }

    /// Longer than this and the address does not fit `sockaddr_un` with its final zero.
    static let lengthLimit = 107

    /// True when the path fits a socket address.
    public var fits: Bool { path.utf8.count <= Self.lengthLimit }

    /// True when a process answers on the socket. Blocking, for at most the time that the kernel needs.
    public var answers: Bool {
        guard fits else { return false }
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(path.utf8)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let result = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
        return result == 0
    }

    /// Makes room for a new socket: removes one that nobody answers on.
    func prepare() throws(ManagementError) {
        guard fits else {
            throw ManagementError(
                .badRequest,
                "The path of the management socket is longer than \(Self.lengthLimit) bytes: \(path). "
                    + "Use a data directory with a shorter path"
            )
        }
        guard !answers else {
            throw ManagementError(.conflict, "Another process answers on \(path); stop it first")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        // Only a socket is ever removed: anything else with that name is somebody's file.
        guard status.st_mode & S_IFMT == S_IFSOCK else {
            throw ManagementError(.conflict, "\(path) is in the way and is not a socket; move it away")
        }
        unlink(path)
    }

    /// Lets only the owner in.
    func restrict() { chmod(path, 0o600) }

    /// Removes the socket at the end.
    func remove() { unlink(path) }
}
