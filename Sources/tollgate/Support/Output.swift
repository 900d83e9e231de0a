import Glibc

/// Data, to standard output.
enum Output {
    /// Writes all bytes; blocking. Throws `BrokenPipe` when the reader went away, and else what keeps it from writing.
    static func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Glibc.write(1, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count > 0 {
                    offset += count
                    continue
                }
                switch errno {
                case EINTR: continue
                case EAGAIN:
                    // Whoever made this end of a pipe did not want to be kept waiting; here nothing else can be done.
                    var ready = pollfd(fd: 1, events: Int16(POLLOUT), revents: 0)
                    _ = poll(&ready, 1, -1)
                case EPIPE where count < 0: throw BrokenPipe()
                default: throw OutputFailure(reason: count < 0 ? String(cString: strerror(errno)) : "nothing is taken")
                }
            }
        }
    }

    static func line(_ text: String) throws { try write(Array((text + "\n").utf8)) }

    static var isTerminal: Bool { isatty(1) == 1 }
}

/// Words for a person, to standard error.
enum Words {
    static func say(_ text: String) { put(text + "\n") }

    static func error(_ text: String) { put("tollgate: " + text + "\n") }

    static func put(_ text: String) {
        let bytes = Array(text.utf8)
        _ = bytes.withUnsafeBytes { Glibc.write(2, $0.baseAddress, $0.count) }
    }

    static var isTerminal: Bool { isatty(2) == 1 }
}
