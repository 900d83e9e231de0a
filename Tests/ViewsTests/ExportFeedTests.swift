import Accounting
import Events
import Synchronization
import Testing
import Views

/// An export that a thread makes: no faster than it is read, and gone when nobody reads it.
@Suite struct ExportFeedTests {
    /// A log that tells how far it was read, and when a reading ended.
    private final class Observed: RecordSource {
        let log: MemoryLog
        let bytes = Mutex(0)
        let ended: AsyncStream<Void>
        private let end: AsyncStream<Void>.Continuation

        init(_ log: MemoryLog) {
            self.log = log
            (ended, end) = AsyncStream.makeStream(of: Void.self)
        }

        var origin: String { log.origin }
        var head: UInt64 { log.head }
        func readRecord(at sequence: UInt64) throws -> [UInt8]? { try log.readRecord(at: sequence) }
        func treeRoot(size: UInt64) -> [UInt8]? { nil }
        func scan(from: UInt64, through: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws {
            defer { end.yield() }
            try log.scan(from: from, through: through) { sequence, record in
                bytes.withLock { $0 += record.count }
                return try body(sequence, record)
            }
        }
    }

    private func log(_ number: Int) throws -> Observed {
        Observed(MemoryLog(Traffic.history(number, book: try Traffic.book("2.5", "10"))))
    }

    @Test(arguments: [0, 2]) func nothingPilesUp(workers: Int) async throws {
        let source = try log(20_000)
        var run = ExportRun(Export(format: .lines, through: source.head), of: source)
        run.workers = workers
        let feed = try #require(ExportFeed(run))
        var lines = 0
        var taken = 0
        while let piece = try await feed.next() {
            #expect(!piece.isEmpty)
            lines += piece.count { $0 == 0x0a }
            taken += piece.count
            // A line is several times as long as its record, so what was read beyond what was taken is in the
            // feed, a mebibyte, and in the batches under way.
            let read = source.bytes.withLock { $0 }
            #expect(read < taken + (1 << 20) + (2 * workers + 4) * (192 << 10))
        }
        #expect(lines == Int(source.head))
    }

    @Test(.timeLimit(.minutes(1))) func whatNobodyReadsEnds() async throws {
        let source = try log(20_000)
        var feed = ExportFeed(ExportRun(Export(format: .lines, through: source.head), of: source))
        #expect(try await feed?.next() != nil)
        feed = nil
        for await _ in source.ended { break }
        let total = source.log.totalBytes
        #expect(source.bytes.withLock { $0 } < total)
    }

    @Test(.timeLimit(.minutes(1))) func whatFollowsGoesOnUntilItIsStopped() async throws {
        let log = try log(3)
        var run = ExportRun(Export(format: .lines, through: .max), of: log)
        run.isFollowing = true
        let feed = try #require(ExportFeed(run))
        var lines = 0
        while lines < Int(log.head), let piece = try await feed.next() { lines += piece.count { $0 == 0x0a } }
        log.log.append([.nodeStopped(NodeStopped(time: 1, reason: "test"))])
        let piece = try #require(try await feed.next())
        #expect(String(decoding: piece, as: UTF8.self).contains("node.stopped"))
        feed.stopFollowing()
        #expect(try await feed.next() == nil)
    }

    @Test(.timeLimit(.minutes(1))) func whatCannotBeReadIsTold() async throws {
        let source = try log(3_000)
        source.log.replace(2_000, [1, 6, 0])
        let feed = try #require(ExportFeed(ExportRun(Export(format: .lines, through: source.head), of: source)))
        let error = await #expect(throws: ViewError.self) { while try await feed.next() != nil {} }
        #expect(error?.description.contains("event 2000") == true)
    }
}
