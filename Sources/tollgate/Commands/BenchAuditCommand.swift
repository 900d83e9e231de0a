import Accounting
import Admin
import ArgumentParser
import Events
import Glibc
import Ledger
import NIOPosix
import Synchronization
import Views

/// For `tools/bench audit`: what an event costs before the disk, and a ledger of many events to verify.
struct BenchAuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-audit",
        abstract: "Measure what numbering and hashing cost, and fill a ledger with made-up events.",
        shouldDisplay: false
    )

    @Option(help: "The data directory; made when missing.") var dataDir: String
    @Option(help: "Events that the ledger shall have.") var events: UInt64 = 1_000_000

    func run() async throws {
        let (directory, events) = (dataDir, events)
        try await reporting {
            let json = try await NIOThreadPool.singleton.runIfActive { try Self.measure(directory, events) }
            try Output.write(json)
        }
    }

    private static func measure(_ directory: String, _ events: UInt64) throws -> [UInt8] {
        let sample = 200_000
        let made = (0..<sample).map { event(UInt64($0)) }
        var records: [[UInt8]] = []
        records.reserveCapacity(sample)
        let encoding = spent { for event in made { records.append(EventCodec.encode(.requestCompleted(event))) } }
        let hashing = try spent { _ = try AppendCost.run(records) }
        let bytes = records.reduce(0) { $0 + $1.count }
        let filling = try fill(directory, events)
        let exported = try verifyExport(directory, through: min(events, 100_000))
        var json = JSONWriter()
        json.object { json in
            json.field("record_bytes", bytes / sample)
            json.field("encode_ns", encoding / UInt64(sample))
            json.field("number_and_hash_ns", hashing / UInt64(sample))
            json.field("filled", filling.events)
            json.field("fill_ms", filling.milliseconds)
            json.field("export_line_bytes", exported.lineBytes)
            json.field("verify_export_ns", exported.nanoseconds)
        }
        return json.bytes + [0x0a]
    }

    private static func fill(_ directory: String, _ events: UInt64) throws -> (events: UInt64, milliseconds: UInt64) {
        let ledger = try Ledger.open(LedgerOptions(directory: directory))
        defer { ledger.close() }
        let clock = ContinuousClock()
        let start = clock.now
        var next = ledger.head
        let first = next
        while next < events {
            let end = min(next + 2_000, events)
            try ledger.appendAndWait((next..<end).map { EventCodec.encode(.requestCompleted(event($0))) })
            next = end
        }
        return (next - first, UInt64(ProgressBar.seconds(clock.now - start) * 1_000))
    }

    /// Verifies an export of the first events that is made in memory; wall time per event.
    private static func verifyExport(
        _ directory: String,
        through last: UInt64
    ) throws -> (lineBytes: UInt64, nanoseconds: UInt64) {
        let ledger = try Ledger.open(LedgerOptions(directory: directory, readOnlyIntent: true))
        defer { ledger.close() }
        let key = ledger.verifierKey
        var text: [UInt8] = []
        try ExportRun(Export(through: last), of: ledger).run { piece in
            text += piece
            return true
        }
        let lineBytes = UInt64(text.count) / max(last, 1)
        let clock = ContinuousClock()
        let start = clock.now
        let whole = text
        let offset = Mutex(0)
        _ = try ExportAudit.verify(
            key: try VerifierKey(text: key),
            workers: Processors.count,
            read: { buffer in
                offset.withLock { offset in
                    let count = min(buffer.count, whole.count - offset)
                    whole.withUnsafeBytes {
                        buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[offset..<offset + count]))
                    }
                    offset += count
                    return count
                }
            },
            progress: { _ in }
        )
        return (lineBytes, UInt64(ProgressBar.seconds(clock.now - start) * 1e9) / max(last, 1))
    }

    /// CPU time of this thread, in nanoseconds.
    private static func spent(_ body: () throws -> Void) rethrows -> UInt64 {
        func now() -> UInt64 {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
        }
        let before = now()
        try body()
        return now() - before
    }

    /// A streamed chat request as applications make thousands of them.
    private static func event(_ number: UInt64) -> RequestCompleted {
        var event = RequestCompleted(
            id: RequestID(high: 0x0192_f0c1_0000_7000 | number >> 32, low: 0x8000_0000_0000_0000 | number),
            time: 1_795_420_800_000_000 + Int64(number) * 1_000,
            group: "openai",
            provider: "openai"
        )
        event.client = "alice"
        event.operation = 1
        event.dialect = 1
        event.path = "/v1/chat/completions"
        event.modelRequested = "gpt-4o"
        event.modelSent = "gpt-4o"
        event.modelReported = "gpt-4o-2024-08-06"
        event.responseID = "chatcmpl-\(number)"
        event.stream = true
        event.status = 200
        event.totalDuration = 812_345 + Int64(number % 1_000)
        event.firstByteDuration = 301_234
        event.upstreamDuration = 811_900
        event.requestBytes = 512
        event.responseBytes = 20_480
        event.attempts = [
            Attempt(upstream: "api.openai.com", key: "k_3f9a0123456789ab", status: 200, failure: nil, duration: 811_900)
        ]
        event.usage.source = .stream
        event.usage.complete = true
        event.usage.counts[.inputText] = 93 + Int64(number % 100)
        event.usage.counts[.cacheReadText] = 1_024
        event.usage.counts[.outputText] = 46
        event.usage.reportedTotal = 1_163
        event.usage.serviceTier = "default"
        event.usage.raw = Array(
            #"{"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024}}"#
                .utf8
        )
        event.cost = Cost(state: .priced, amount: Money(picodollars: 1_972_500_000), priceBook: 1, row: 12)
        return event
    }
}
