import Admin
import ArgumentParser
import Glibc
import Ledger
import NIOPosix
import Synchronization

/// For `tools/bench commit`: how many records a second are committed, and how long one waits for that.
struct BenchCommitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-commit",
        abstract: "Measure synced commits.",
        shouldDisplay: false
    )

    @Option(help: "The data directory; made when missing.") var dataDir: String
    @Option(help: "Records a second that are handed over; 0 for as many as are taken.") var rate: UInt64 = 0
    @Option(help: "Seconds to measure.") var seconds: UInt64 = 5
    @Option(help: "Bytes of a record.") var bytes = 300

    func run() async throws {
        let (directory, rate, seconds, bytes) = (dataDir, rate, max(seconds, 1), max(bytes, 8))
        try await reporting {
            let json = try await NIOThreadPool.singleton.runIfActive {
                try Self.measure(directory, rate, seconds, bytes)
            }
            try Output.write(json)
        }
    }

    private static func measure(
        _ directory: String,
        _ rate: UInt64,
        _ seconds: UInt64,
        _ bytes: Int
    ) throws -> [UInt8] {
        let ledger = try Ledger.open(LedgerOptions(directory: directory))
        defer { ledger.close() }
        let sink = LatencySink()
        let record = (0..<bytes).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let start = now()
        let end = start + seconds * 1_000_000_000
        var handed: UInt64 = 0
        var refused: UInt64 = 0
        while true {
            let time = now()
            if time >= end { break }
            // The token is the time at which the record was due, so that waiting to hand it over counts as well.
            let due = rate == 0 ? time : start + handed * 1_000_000_000 / rate
            if due > time {
                var pause = timespec(tv_sec: 0, tv_nsec: Int(min(due - time, 1_000_000)))
                nanosleep(&pause, nil)
            } else if ledger.append(record, token: due, slot: nil, sink: sink) {
                handed += 1
            } else {
                refused += 1
                sched_yield()
            }
        }
        while sink.count < handed { sched_yield() }
        let elapsed = now() - start
        let statistics = ledger.statistics()
        let waits = sink.waits
        var json = JSONWriter()
        json.object { json in
            json.field("rate", rate)
            json.field("record_bytes", bytes)
            json.field("committed", handed)
            json.field("refused", refused)
            json.field("elapsed_ns", elapsed)
            json.field("batches", statistics.batches)
            json.field("p50_ns", at(0.5, waits))
            json.field("p99_ns", at(0.99, waits))
            json.field("p999_ns", at(0.999, waits))
            json.field("most_ns", waits.last ?? 0)
        }
        return json.bytes + [0x0a]
    }

    private static func at(_ share: Double, _ sorted: [UInt64]) -> UInt64 {
        sorted.isEmpty ? 0 : sorted[min(Int(Double(sorted.count) * share), sorted.count - 1)]
    }
}

private func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}

/// Gathers how long records waited for their commit.
private final class LatencySink: CommitSink {
    private let gathered = Mutex<[UInt64]>([])

    func committed(_ commits: [Commit]) {
        let time = now()
        gathered.withLock { gathered in
            for commit in commits { gathered.append(time > commit.token ? time - commit.token : 0) }
        }
    }

    var count: UInt64 { gathered.withLock { UInt64($0.count) } }
    var waits: [UInt64] { gathered.withLock { $0.sorted() } }
}
