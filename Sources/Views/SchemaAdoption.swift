public import Events

/// Takes a ledger on to the schema version that this program writes.
public enum SchemaAdoption {
    /// The event to append before any other: a `schema.adopted`, where the newest record is of an older version or there is
    /// none; nil where the ledger is of the current version already.
    ///
    /// - Parameters:
    ///   - now: the time, in microseconds since 1970 (UTC).
    ///   - current: the version that this program writes.
    ///
    /// Throws when a newer program wrote the newest record: then nothing may be appended.
    public static func due(
        _ source: any RecordSource,
        now: Int64,
        current: UInt8 = Schema.current
    ) throws(ViewError) -> Event? {
        let head = source.head
        guard head > 0 else { return .schemaAdopted(Schema.adopted(time: now)) }
        let record: [UInt8]?
        do {
            record = try source.readRecord(at: head)
        } catch {
            throw ViewError(.io, "event \(head) could not be read: \(error)")
        }
        guard let version = record?.first else { throw ViewError(.gap, "event \(head), the newest, is not there") }
        guard version <= current else {
            throw ViewError(
                .unreadableRecord,
                "event \(head), the newest: \(EventError.newer(version, than: current)). Nothing was written"
            )
        }
        return version == current ? nil : .schemaAdopted(Schema.adopted(time: now))
    }
}
