import Admin
import Glibc
import Ledger
import NIOPosix
import Synchronization
import Views

/// The verification of one file with nothing but a public key.
struct FileVerification: Sendable {
    var path: String
    var key: VerifierKey?
    var trusted: [Checkpoint]
    var threads: Int?

    func run(record: [UInt8]?, hidesProgress: Bool) async throws -> AuditReport {
        let verification = self
        return try await NIOThreadPool.singleton.runIfActive {
            try verification.verify(record: record, hidesProgress: hidesProgress)
        }
    }

    private func verify(record: [UInt8]?, hidesProgress: Bool) throws -> AuditReport {
        if isFolder { return try segments(hidesProgress: hidesProgress) }
        let input = try Input(path: path)
        let first = try input.peek(64)
        if first.starts(with: Array("{".utf8)) || first.isEmpty {
            return try export(input, hidesProgress: hidesProgress)
        }
        let text = try input.readAll(limit: ProofText.limit)
        do throws(AuditFailure) {
            if first.starts(with: Array("c2sp.org/".utf8)) || first.starts(with: Array("tollgate/consistency".utf8)) {
                let proof = try ProofText(text: text)
                return AuditReport(proven: try proof.verify(key: try needed(), record: record, trusted: trusted.last))
            }
            let kept = try KeptCheckpoints(text, key: try needed(), allowsNothingElse: true)
            guard let newest = kept.checkpoints.max(by: { $0.size < $1.size }) else {
                throw AuditFailure(.malformed, "\(path) is neither an export nor a proof nor a checkpoint")
            }
            for checkpoint in trusted { try AuditFailure.match(checkpoint, with: kept.checkpoints) }
            return AuditReport(checkpoint: newest)
        } catch {
            return AuditReport(kind: "file", failure: error)
        }
    }

    private func needed() throws(AuditFailure) -> VerifierKey {
        guard let key else {
            throw AuditFailure(.malformed, "--key is needed: the ledger's public key, which `tollgate key` prints")
        }
        return key
    }

    func export(_ input: Input, hidesProgress: Bool) throws -> AuditReport {
        let clock = ContinuousClock()
        let start = clock.now
        var bar = ProgressBar("verify", hidden: hidesProgress)
        let size = input.size
        defer { bar.end() }
        do {
            let audit = try ExportAudit.verify(
                key: key,
                trusted: trusted.last,
                workers: threads ?? Processors.count,
                read: { try input.read(into: $0) },
                progress: { bar.show($0 >> 20, of: size.map { $0 >> 20 }, unit: "MiB") }
            )
            if key == nil {
                Words.say("tollgate: no --key was given; the signature was verified with the key in the file")
            }
            return AuditReport(export: audit, isKeyGiven: key != nil, elapsed: clock.now - start)
        } catch let failure as AuditFailure {
            return AuditReport(kind: "export", failure: failure)
        }
    }
}

/// A file that is read from its beginning to its end, once.
final class Input: Sendable {
    private let path: String
    private let descriptor: Int32
    private let seen = Mutex<[UInt8]>([])

    init(path: String) throws {
        self.path = path
        descriptor = path == "-" ? dup(0) : open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw ManagementError(
                errno == EACCES ? .forbidden : .notFound,
                "The file \(path) cannot be opened: \(String(cString: strerror(errno)))"
            )
        }
    }

    deinit { close(descriptor) }

    /// Nil for what is no regular file.
    var size: UInt64? {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return nil }
        return UInt64(clamping: status.st_size)
    }

    /// The first bytes, which `read` will give again.
    func peek(_ count: Int) throws -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        var found = 0
        while found < count {
            let read = try bytes.withUnsafeMutableBytes {
                try fill(UnsafeMutableRawBufferPointer(rebasing: $0[found...]))
            }
            guard read > 0 else { break }
            found += read
        }
        bytes.removeLast(count - found)
        seen.withLock { $0 = bytes }
        return bytes
    }

    func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let kept = seen.withLock { kept in
            let part = Array(kept.prefix(buffer.count))
            kept.removeFirst(part.count)
            return part
        }
        guard kept.isEmpty else {
            buffer.copyBytes(from: kept)
            return kept.count
        }
        return try fill(buffer)
    }

    func readAll(limit: Int) throws -> [UInt8] {
        var content: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = try buffer.withUnsafeMutableBytes { try read(into: $0) }
            guard count > 0 else { return content }
            content += buffer[..<count]
            guard content.count <= limit else {
                throw AuditFailure(
                    .malformed,
                    "\(path) is neither an export nor a proof nor a checkpoint: it is too long"
                )
            }
        }
    }

    private func fill(_ buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        while true {
            let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
            if count >= 0 { return count }
            guard errno == EINTR else {
                throw ManagementError(.unavailable, "Reading \(path) failed: \(String(cString: strerror(errno)))")
            }
        }
    }
}

/// The machine's processors.
enum Processors {
    static var count: Int { max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))) }
}
