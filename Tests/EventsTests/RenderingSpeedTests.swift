import Accounting
import Events
import Foundation
import Testing

/// Prints what a line of an export costs. Figures vary with the machine, so nothing is asserted; run it in release
/// configuration: `TOLLGATE_BENCH=1 swift test -c release --filter RenderingSpeedTests`.
@Suite(
    "What a line of an export costs",
    .serialized,
    .enabled(if: ProcessInfo.processInfo.environment["TOLLGATE_BENCH"] != nil, "TOLLGATE_BENCH is not set")
)
struct RenderingSpeedTests {
    private static let rounds = 200
    private static let lines = 256

    /// CPU time of this thread for each line, in nanoseconds; the best of some rounds, because others use the machine.
    private func measure(_ name: String, _ body: () throws -> Void) rethrows {
        var best = Double.infinity
        for _ in 0..<Self.rounds {
            var start = timespec()
            var end = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &start)
            try body()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &end)
            best = min(best, Double(end.tv_sec - start.tv_sec) * 1e9 + Double(end.tv_nsec - start.tv_nsec))
        }
        print(name, String(format: "%.0f ns", best / Double(Self.lines)))
    }

    /// Requests of some clients and models, as they come one after another.
    private func records() -> [[UInt8]] {
        var random = Seeded(7)
        return (0..<Self.lines).map { index in
            var event = Samples.typical()
            event.id = Samples.id(&random)
            event.time += Int64(index) * 1_234
            event.client = "c_00000000000000\(10 + random.next() % 40)"
            event.stream = random.next() % 2 == 0
            event.totalDuration = Int64(random.next() % 3_000_000)
            event.usage.counts[.inputText] = Int64(random.next() % 4_000)
            return EventCodec.encode(event)
        }
    }

    @Test func completed() throws {
        let records = records()
        let line = try EventJSON.render(record: records[0], sequence: 1)
        print("a record of", records[0].count, "bytes, a line of", line.count)
        try measure("decoded") {
            for record in records { _ = try EventCodec.decode(record) }
        }
        try measure("decoded, then a line") {
            var json = JSONText(capacity: 1 << 19)
            for (index, record) in records.enumerated() {
                let event = try EventCodec.decode(record)
                EventJSON.render(event, sequence: UInt64(index + 1), schema: record[0], into: &json)
            }
        }
        var lines = CompletedJSON()
        measure("a line straight from the record") {
            var json = JSONText(capacity: 1 << 19)
            for (index, record) in records.enumerated() {
                _ = record.withUnsafeBytes { lines.append($0, sequence: UInt64(index + 1), to: &json) }
            }
        }
    }
}
