import Glibc

/// Data, to standard output.
enum Output {
    /// Writes all bytes; blocking. Throws when the reader went away.
    static func write(_ bytes: [UInt8]) throws {
        try bytes.withUnsafeBytes { buffer in
            var offset = 0
            while offset < buffer.count {
                let count = Glibc.write(1, buffer.baseAddress?.advanced(by: offset), buffer.count - offset)
                if count > 0 {
                    offset += count
                } else if count < 0, errno == EINTR {
                    continue
                } else {
                    throw BrokenPipe()
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
