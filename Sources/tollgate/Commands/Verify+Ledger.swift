import Admin
import Foundation
import Ledger
import NIOPosix
import Synchronization

/// The verification of a data directory, by the server that has it open or else here.
struct LedgerVerification: Sendable {
    var directory: DirectoryOptions
    var threads: Int?
    var json: Bool

    func run(key: VerifierKey?, checkpoints: [UInt8]) async throws -> AuditReport {
        let folder = try directory.directory()
        guard FileManager.default.fileExists(atPath: folder) else {
            throw ManagementError(.notFound, "There is no data directory \(folder); name it with --data-dir")
        }
        let socket = SocketFile(directory: folder)
        if socket.answers {
            return try await ask(Relay(transport: ManagementClient(socket: socket)), key: key, checkpoints: checkpoints)
        }
        let verification = self
        return try await NIOThreadPool.singleton.runIfActive {
            try verification.here(folder, key: key, checkpoints: checkpoints)
        }
    }

    /// Reads the directory of a stopped server. What a start would refuse is let through, to be told in the result.
    private func here(_ folder: String, key: VerifierKey?, checkpoints: [UInt8]) throws -> AuditReport {
        let ledger: Ledger
        do throws(LedgerError) {
            ledger = try Ledger.open(LedgerOptions(directory: folder, acceptLoss: true, readOnlyIntent: true))
        } catch {
            guard let kind = Self.kind(of: error.code) else { throw error }
            if error.code == .damaged, let failure = Self.unreadable(folder, error) {
                return AuditReport(kind: "ledger", failure: failure)
            }
            return AuditReport(kind: "ledger", failure: AuditFailure(kind, error.message, at: error.missing))
        }
        defer { ledger.close() }
        let clock = ContinuousClock()
        let start = clock.now
        let total = ledger.head
        var bar = ProgressBar("verify", hidden: json && Output.isTerminal)
        defer { bar.end() }
        do throws(AuditFailure) {
            let own = try Self.match(ledger.verifierKey, with: key)
            let kept = try KeptCheckpoints(checkpoints, key: own)
            let audit: LedgerAudit
            do throws(LedgerError) {
                audit = try ledger.audit(workers: threads ?? Processors.count, checkpoints: kept.checkpoints) { done in
                    bar.show(done, of: total, unit: "records")
                    return true
                }
            } catch {
                throw AuditFailure(.unreadable, error.message, at: error.missing)
            }
            return AuditReport(ledger: audit, origin: ledger.origin, key: own.text, elapsed: clock.now - start)
        } catch {
            return AuditReport(kind: "ledger", failure: error)
        }
    }

    /// Names the records that cannot be read where the ledger does not even open; nil when that fails as well.
    private static func unreadable(_ folder: String, _ error: LedgerError) -> AuditFailure? {
        let message = error.message
        guard let ranges = try? Ledger.unreadable(in: folder) else { return nil }
        guard let first = ranges.first else {
            return AuditFailure(
                .unreadable,
                "the files have every record, but the ledger does not open: \(message)",
                at: error.missing
            )
        }
        return AuditFailure(
            .unreadable,
            "the records \(SalvageCommand.text(ranges, most: 20)) cannot be read: \(message)",
            at: first
        )
    }

    /// What an opening finds out about the records; nil for what only hinders it.
    private static func kind(of code: LedgerError.Code) -> AuditFailure.Kind? {
        switch code {
        case .damaged: .unreadable
        case .historyLost: .missing
        case .historyChanged: .root
        case .checkpointInvalid, .keyInvalid: .signature
        default: nil
        }
    }

    private static let otherKey = AuditFailure(.signature, "the ledger signs with another key than the given one")

    /// The ledger's key, if it is the one that was given.
    private static func match(_ own: String, with given: VerifierKey?) throws(AuditFailure) -> VerifierKey {
        guard let key = try? VerifierKey(text: own), given == nil || given == key else { throw otherKey }
        return key
    }

    private struct Progress: Decodable, Sendable {
        var done: UInt64?
        var total: UInt64?
        var error: String?
    }

    private func ask(_ relay: Relay, key: VerifierKey?, checkpoints: [UInt8]) async throws -> AuditReport {
        if let key {
            let own = String(decoding: try await relay.collect(ManagementRequest(path: "/api/key")), as: UTF8.self)
            guard own == key.text + "\n" else {
                return AuditReport(kind: "ledger", failure: Self.otherKey)
            }
        }
        let request = ManagementRequest(method: "POST", path: "/api/audit", body: checkpoints)
        let state = Mutex(
            (
                bar: ProgressBar("verify", hidden: json && Output.isTerminal), report: AuditReport?.none,
                error: String?.none
            )
        )
        try await relay.lines(request) { bytes in
            state.withLock { state in
                if let report = AuditReport(json: bytes) {
                    state.report = report
                } else if let line = try? JSONDecoder().decode(Progress.self, from: Data(bytes)) {
                    if let done = line.done { state.bar.show(done, of: line.total, unit: "records") }
                    state.error = line.error
                }
            }
        }
        let (report, error) = state.withLock { state in
            state.bar.end()
            return (state.report, state.error)
        }
        guard let report else { throw ManagementError(.damaged, error ?? "The server ended the verification early") }
        return report
    }
}
