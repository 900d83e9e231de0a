/// Steps that bring records of older schema versions to a newer one, one version at a time.
public struct Upcasters: Sendable {
    /// A step from version n to n + 1: the whole record, its version byte included.
    public typealias Step = @Sendable ([UInt8]) throws(EventError) -> [UInt8]

    /// The steps by the version they start from.
    public var steps: [UInt8: Step]
    /// The version to reach.
    public var target: UInt8

    /// A table of steps.
    public init(steps: [UInt8: Step], target: UInt8) {
        self.steps = steps
        self.target = target
    }

    /// The released steps.
    public static let standard = Upcasters(steps: [1: fromVersion1], target: Schema.current)

    /// The record at the target version; throws when a step is missing, does not lead to the next version, or the record
    /// is newer than the target.
    public func upcast(_ record: [UInt8]) throws(EventError) -> [UInt8] {
        var record = record
        guard var version = record.first else { throw .malformed("an event") }
        guard version <= target else { throw .newer(version, than: target) }
        while version < target {
            guard let step = steps[version] else { throw .noUpcaster(from: version) }
            record = try step(record)
            guard record.first == version + 1 else {
                throw .malformed("schema version \(version), after its upcaster,")
            }
            version += 1
        }
        return record
    }

    /// Version 2 gave `request.completed` fields that may be absent and left every other kind as it was, so the same
    /// bytes under the new version are the record without them. A record that has them already was never of version 1.
    @Sendable
    private static func fromVersion1(_ record: [UInt8]) throws(EventError) -> [UInt8] {
        var record = record
        guard record.count >= 2 else { throw .malformed("an event") }
        if record[1] == EventKind.requestCompleted.rawValue {
            let isOfVersion1 = record.withUnsafeBytes { bytes in
                withUnsafeTemporaryAllocation(of: Int64.self, capacity: 32) { units in
                    bytes[0] == 1 && !CompletedReader(bytes, units: units).rest.failed
                }
            }
            guard isOfVersion1 else { throw .malformed(EventKind.requestCompleted.name) }
        }
        record[0] = 2
        return record
    }
}
