import Ledger
import NIOCore
import Synchronization
import Views

extension ManagementAPI {
    /// `/api/key`, `/api/checkpoint` and `/api/proof`: texts that can be verified offline.
    func auditText(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let proofs = LedgerProofs(try ledger())
        let text: String
        switch request.path {
        case "/api/key": text = proofs.key + "\n"
        case "/api/checkpoint":
            let size = try request.number("size")
            text = try await blocking { try proofs.checkpoint(size: size) }
        default:
            let carriesRecord = try request.choice("record", ["true", "false"]) == "true"
            let (size, from, to) = (try request.number("size"), try request.number("from"), try request.number("to"))
            if let event = request["event"] {
                text = try await blocking {
                    try proofs.inclusion(event, size: size, carriesRecord: carriesRecord).text
                }
            } else if let from {
                text = try await blocking { try proofs.consistency(from: from, to: to).text }
            } else {
                throw ManagementError(
                    .badRequest,
                    "A proof needs `event`, a sequence or a request id, or `from`, a size"
                )
            }
        }
        return .text(text)
    }

    /// `/api/audit`: hashes the whole ledger beside the serving threads; NDJSON lines with the progress, the last one with
    /// the result. The body may hold signed checkpoints to compare, each followed by an empty line.
    func audit(_ request: ManagementRequest) throws -> ManagementAnswer {
        let ledger = try ledger()
        let key = try VerifierKey(text: ledger.verifierKey)
        let kept = try KeptCheckpoints(request.body, key: key)
        let wasRunning = isAuditing.withLock { running in
            defer { running = true }
            return running
        }
        guard !wasRunning else {
            throw ManagementError(.conflict, "A verification is already running; wait for its end")
        }
        let (lines, feed) = AsyncStream.makeStream(of: [UInt8].self, bufferingPolicy: .bufferingNewest(16))
        let workers = max(1, System.coreCount / 2)
        let throttle = backend.throttle
        let total = ledger.head
        Task {
            defer { isAuditing.withLock { $0 = false } }
            let clock = ContinuousClock()
            let start = clock.now
            do {
                let audit = try await blocking {
                    try ledger.audit(workers: workers, throttle: throttle, checkpoints: kept.checkpoints) {
                        done in
                        var json = JSONWriter()
                        json.object { json in
                            json.field("done", done)
                            json.field("total", total)
                        }
                        // A reader that went away ends the audit.
                        if case .terminated = feed.yield(json.bytes + [0x0a]) { return false }
                        return true
                    }
                }
                feed.yield(
                    AuditReport(ledger: audit, origin: ledger.origin, key: key.text, elapsed: clock.now - start).json
                )
            } catch {
                feed.yield(Self.failed(Self.refusal(error)))
            }
            feed.finish()
        }
        return ManagementAnswer(lines: lines)
    }

    private func ledger() throws(ManagementError) -> Ledger {
        guard let ledger = backend.source as? Ledger else {
            throw ManagementError(.unavailable, "There is no ledger behind this listener that could be verified")
        }
        return ledger
    }

    private static func failed(_ error: ManagementError) -> [UInt8] {
        var json = JSONWriter()
        json.object { $0.field("error", error.message) }
        return json.bytes + [0x0a]
    }
}
