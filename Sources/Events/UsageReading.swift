package import Accounting
import Metering

/// Reads the usage of stored events again, with what this program knows about providers now.
package enum UsageReading {
    /// The version of the present reader, as events hold it in `usage.normaliser`.
    package static var version: UInt8 { UsageNormaliser.version }

    /// What the raw usage in a `request.completed` means to the present reader; nil where that is what is stored, or where
    /// nothing is stored that could be read again.
    package static func again(_ record: UnsafeRawBufferPointer) throws(EventError) -> Usage? {
        let event = try EventCodec.decodeCompleted(record)
        guard !event.usage.raw.isEmpty,
            let usage = UsageNormaliser.normalise(
                event.usage,
                dialect: Dialect(rawValue: event.dialect) ?? .auto,
                operation: Operation(rawValue: event.operation) ?? .other,
                model: event.modelReported ?? event.modelRequested
            )
        else { return nil }
        return usage == event.usage ? nil : usage
    }
}
