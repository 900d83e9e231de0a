import Events
import Glibc

/// Where the time of a rebuild goes, for the bench: passes over a log that each do one thing more than the one before.
///
/// Processor time of the calling thread, so that what else runs on the machine has little say; everything is done on
/// that thread, while a rebuild reads ahead on another.
package struct RebuildProfile: Sendable {
    /// Events of the log.
    package private(set) var events: UInt64 = 0
    /// Reading the records alone, in nanoseconds.
    package private(set) var read: UInt64 = 0
    /// The same and decoding them.
    package private(set) var decoded: UInt64 = 0
    /// The same and folding them, without pricing them anew.
    package private(set) var folded: UInt64 = 0
    /// All of it: the same and pricing.
    package private(set) var priced: UInt64 = 0

    /// Measures on the calling thread; blocking.
    package init(_ source: any RecordSource) throws {
        let head = source.head
        events = head
        var newest: UInt64?
        read = try Self.time {
            try source.scan(from: 1, through: head) { sequence, record in
                if record.count > 1, record[1] == EventKind.priceBookAdopted.rawValue { newest = sequence }
                return true
            }
        }
        decoded = try Self.time {
            let units = Scratch()
            try source.scan(from: 1, through: head) { _, record in
                guard record.count > 1, record[1] == EventKind.requestCompleted.rawValue else { return true }
                var reader = CompletedReader(record, units: units.buffer)
                for _ in 0..<reader.attemptCount { _ = reader.nextAttempt() }
                _ = reader.usageTail()
                _ = reader.additional()
                if reader.rest.failed { throw EventError.malformed("request.completed") }
                return true
            }
        }
        var scope = ViewFold.Scope()
        scope.prices = false
        folded = try Self.fold(source, scope)
        scope.prices = true
        if let newest, let pricer = try ViewEngine.pricer(at: newest, source) { scope.foretold = (pricer, newest) }
        priced = try Self.fold(source, scope)
    }

    private static func fold(_ source: any RecordSource, _ scope: ViewFold.Scope) throws -> UInt64 {
        var fold = ViewFold(scope: scope)
        return try time {
            try source.scan(from: 1, through: source.head) { sequence, record in
                try fold.fold(sequence, record)
                return true
            }
        }
    }

    private static func time(_ body: () throws -> Void) rethrows -> UInt64 {
        let start = now()
        try body()
        return now() - start
    }

    private static func now() -> UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }
}
