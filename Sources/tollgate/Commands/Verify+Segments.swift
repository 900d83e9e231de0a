import Admin
import Foundation
import Ledger
import Views

extension FileVerification {
    var isFolder: Bool {
        var isDirectory: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) && isDirectory.boolValue
    }

    /// Verifies every export of a folder, and that each goes on where the one before it, by its name, has ended.
    func segments(hidesProgress: Bool) throws -> AuditReport {
        let clock = ContinuousClock()
        let start = clock.now
        let names = try names()
        var bar = ProgressBar("verify", hidden: hidesProgress)
        defer { bar.end() }
        var segments: [ExportAudit] = []
        for (number, name) in names.enumerated() {
            bar.show(UInt64(number), of: UInt64(names.count), unit: "files")
            do {
                let input = try Input(path: path + "/" + name)
                let audit = try ExportAudit.verify(
                    key: key ?? segments.first.map { try VerifierKey(text: $0.key) },
                    following: segments.last?.checkpoint,
                    workers: threads ?? Processors.count,
                    read: { try input.read(into: $0) },
                    progress: { _ in }
                )
                segments.append(audit)
            } catch let failure as AuditFailure {
                return AuditReport(kind: "segments", failure: failure.inFile(name))
            }
        }
        bar.show(UInt64(names.count), of: UInt64(names.count), unit: "files")
        do throws(AuditFailure) {
            for checkpoint in trusted { try AuditFailure.match(checkpoint, with: segments.map(\.checkpoint)) }
        } catch {
            return AuditReport(kind: "segments", failure: error)
        }
        if key == nil {
            Words.say("tollgate: no --key was given; the signatures were verified with the key in the files")
        }
        let report = AuditReport(segments: segments, isKeyGiven: key != nil, elapsed: clock.now - start)
        guard let report else { throw nothing }
        return report
    }

    private func names() throws -> [String] {
        let all: [String]
        do {
            all = try FileManager.default.contentsOfDirectory(atPath: path)
        } catch {
            throw ManagementError(.forbidden, "The folder \(path) cannot be read: \(error.localizedDescription)")
        }
        let names = all.filter { $0.hasSuffix(".ndjson") }.sorted()
        guard !names.isEmpty else { throw nothing }
        return names
    }

    private var nothing: ManagementError {
        ManagementError(.notFound, "The folder \(path) has no export (*.ndjson); see `tollgate export --segments`")
    }
}

extension AuditFailure {
    /// The failure with the name of the file that it is in.
    fileprivate func inFile(_ name: String) -> AuditFailure { AuditFailure(kind, "\(name): \(message)", at: sequences) }
}
