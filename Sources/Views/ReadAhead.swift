/// Reads a range of a log on a thread of its own, ahead of the one that folds it, so that reading costs no time of its
/// own where there is a second processor.
package enum ReadAhead {
    /// Ranges that are shorter are read on the calling thread: a thread would cost more than it saves.
    package static let shortest: UInt64 = 20_000

    private static let chunkBytes = 256 << 10
    private static let chunks = 8

    /// Calls `body` with each record of the range in order, on the calling thread, until it returns false.
    ///
    /// Takes at most two megabytes more than the largest record. Throws what the log or `body` throws.
    package static func scan(
        _ source: any RecordSource,
        from: UInt64,
        through: UInt64,
        _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool
    ) throws {
        guard through >= from, through - from >= shortest else {
            return try source.scan(from: from, through: through, body)
        }
        let queue = Queue()
        let thread = WorkerThread { read(source, from, through, into: queue) }
        guard thread.started else { return try source.scan(from: from, through: through, body) }
        defer {
            queue.stop()
            thread.join()
        }
        while let chunk = try queue.take() {
            guard try chunk.forEach(body) else { return }
            queue.giveBack(chunk)
        }
    }

    private static func read(_ source: any RecordSource, _ from: UInt64, _ through: UInt64, into queue: Queue) {
        var chunk = queue.room()
        do {
            try source.scan(from: from, through: through) { sequence, record in
                chunk.append(sequence, record)
                guard chunk.bytes.count >= chunkBytes else { return true }
                guard queue.put(chunk) else { return false }
                chunk = queue.room()
                return true
            }
            _ = queue.put(chunk)
            queue.end(nil)
        } catch {
            // What was read before the error is folded before it is told.
            _ = queue.put(chunk)
            queue.end(error)
        }
    }

    /// Copies of records that follow one another; the queue hands it from thread to thread, so one has it at a time.
    private final class Chunk: @unchecked Sendable {
        private var first: UInt64 = 0
        private(set) var bytes: [UInt8] = []
        private var ends: [Int] = []

        func removeAll() {
            bytes.removeAll(keepingCapacity: true)
            ends.removeAll(keepingCapacity: true)
        }

        func append(_ sequence: UInt64, _ record: UnsafeRawBufferPointer) {
            if ends.isEmpty { first = sequence }
            bytes.append(contentsOf: record)
            ends.append(bytes.count)
        }

        func forEach(_ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws -> Bool {
            try bytes.withUnsafeBytes { bytes in
                var start = 0
                var sequence = first
                for end in ends {
                    guard try body(sequence, UnsafeRawBufferPointer(rebasing: bytes[start..<end])) else { return false }
                    start = end
                    sequence &+= 1
                }
                return true
            }
        }
    }

    /// Chunks between the two threads, at most ``chunks`` of them at once.
    private final class Queue: @unchecked Sendable {
        private let monitor = Monitor()
        // Guarded by `monitor`.
        private var full: [Chunk] = []
        private var empty: [Chunk] = []
        private var isEnded = false
        private var isStopped = false
        private var failure: (any Error)?

        /// A chunk to fill, with the room of one that was used before where there is one.
        func room() -> Chunk { monitor.withLock { empty.popLast() ?? Chunk() } }

        /// False when nobody wants more.
        func put(_ chunk: Chunk) -> Bool {
            monitor.withLock { () -> Bool in
                while full.count >= chunks, !isStopped { monitor.wait() }
                guard !isStopped else { return false }
                full.append(chunk)
                monitor.signalAll()
                return true
            }
        }

        /// The next chunk, nil at the end; throws what ended the reading once everything before it was taken.
        func take() throws -> Chunk? {
            try monitor.withLock { () throws -> Chunk? in
                while full.isEmpty, !isEnded { monitor.wait() }
                if !full.isEmpty {
                    monitor.signalAll()
                    return full.removeFirst()
                }
                if let failure { throw failure }
                return nil
            }
        }

        func giveBack(_ chunk: Chunk) {
            chunk.removeAll()
            monitor.withLock { empty.append(chunk) }
        }

        func end(_ error: (any Error)?) {
            monitor.withLock {
                failure = error
                isEnded = true
                monitor.signalAll()
            }
        }

        func stop() {
            monitor.withLock {
                isStopped = true
                monitor.signalAll()
            }
        }
    }
}
