import Accounting

/// What an event says of the answer that it billed, read without the rest of it.
package struct StoredAnswer {
    /// The group that asked.
    package let group: String
    /// What was asked for.
    package let operation: UInt8
    /// The provider's id of the answer; nil when it has none.
    package let responseID: String?
    /// The path that was asked for.
    package let path: String

    /// Nil for records of other kinds, those without usage, those whose operation is not `wanted`, and damaged ones.
    package init?(_ record: UnsafeRawBufferPointer, wanted: (UInt8) -> Bool) {
        guard record.count >= 2, record[1] == EventKind.requestCompleted.rawValue else { return nil }
        guard CompletedReader.reads(record[0]) else {
            guard case .requestCompleted(let event)? = try? EventCodec.decode(record), event.usage.source != .none,
                wanted(event.operation)
            else { return nil }
            (group, operation, responseID, path) = (event.group, event.operation, event.responseID, event.path)
            return
        }
        let found = withUnsafeTemporaryAllocation(of: Int64.self, capacity: 32) {
            units -> (String, UInt8, String?, String)? in
            var reader = CompletedReader(record, units: units)
            guard !reader.rest.failed, reader.source != Usage.Source.none.rawValue else { return nil }
            var profile = ByteReader(reader.profile)
            _ = profile.byte()
            let operation = profile.byte()
            guard !profile.failed, wanted(operation) else { return nil }
            // Dialect, outcome and status stand before the group.
            _ = profile.slice(4)
            let group = profile.string()
            for _ in 0..<reader.attemptCount { _ = reader.nextAttempt() }
            _ = reader.usageTail()
            _ = reader.additional()
            let strings = reader.strings()
            guard !profile.failed, !reader.rest.failed else { return nil }
            return (group, operation, strings.responseID, strings.path)
        }
        guard let found else { return nil }
        (group, operation, responseID, path) = found
    }
}
