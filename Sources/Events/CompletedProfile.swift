/// What many requests have in common: the labels under which they are counted, in one piece of bytes.
///
/// Layout: mask, operation, dialect, outcome, status (16 bits), then group, client, provider (unless equal to the group),
/// requested model, sent model (unless equal to the requested), reported model, error. Since schema version 2 the opaque
/// id of a client takes eight bytes.
package struct CompletedProfile: Equatable, Sendable {
    package var operation: UInt8 = 0
    package var dialect: UInt8 = 0
    package var outcome: Outcome = .completed
    package var status: UInt16 = 0
    package var stream = false
    package var group = ""
    package var client = ""
    package var provider = ""
    package var modelRequested: String?
    package var modelSent: String?
    package var modelReported: String?
    package var error: String?

    enum Mask {
        static let stream: UInt8 = 1
        static let providerIsGroup: UInt8 = 2
        static let requested: UInt8 = 4
        static let sent: UInt8 = 8
        static let sentIsRequested: UInt8 = 16
        static let reported: UInt8 = 32
        static let error: UInt8 = 64
        static let compactClient: UInt8 = 128
    }

    package init(_ event: RequestCompleted) {
        operation = event.operation
        dialect = event.dialect
        outcome = event.outcome
        status = event.status
        stream = event.stream
        group = event.group
        client = event.client
        provider = event.provider
        modelRequested = event.modelRequested
        modelSent = event.modelSent
        modelReported = event.modelReported
        error = event.error
    }

    static func write(_ event: RequestCompleted, _ writer: inout ByteWriter) {
        let sentIsRequested = event.modelSent != nil && event.modelSent == event.modelRequested
        var mask: UInt8 = event.stream ? Mask.stream : 0
        if event.provider == event.group { mask |= Mask.providerIsGroup }
        if event.modelRequested != nil { mask |= Mask.requested }
        if sentIsRequested { mask |= Mask.sentIsRequested } else if event.modelSent != nil { mask |= Mask.sent }
        if event.modelReported != nil { mask |= Mask.reported }
        if event.error != nil { mask |= Mask.error }
        let client = OpaqueID.client.bits(event.client)
        if client != nil { mask |= Mask.compactClient }
        writer.byte(mask)
        writer.byte(event.operation)
        writer.byte(event.dialect)
        writer.byte(event.outcome.rawValue)
        writer.fixed16(event.status)
        writer.string(event.group)
        if let client { writer.fixed64(client) } else { writer.string(event.client) }
        if event.provider != event.group { writer.string(event.provider) }
        writer.string(ifPresent: event.modelRequested)
        if !sentIsRequested { writer.string(ifPresent: event.modelSent) }
        writer.string(ifPresent: event.modelReported)
        writer.string(ifPresent: event.error)
    }

    /// The profile from its bytes; nil when damaged.
    package init?(_ bytes: UnsafeRawBufferPointer) {
        var reader = ByteReader(bytes)
        let mask = reader.byte()
        operation = reader.byte()
        dialect = reader.byte()
        guard let outcome = Outcome(rawValue: reader.byte()) else { return nil }
        self.outcome = outcome
        status = reader.fixed16()
        stream = mask & Mask.stream != 0
        group = reader.string()
        client = mask & Mask.compactClient != 0 ? OpaqueID.client.text(reader.fixed64()) : reader.string()
        provider = mask & Mask.providerIsGroup != 0 ? group : reader.string()
        if mask & Mask.requested != 0 { modelRequested = reader.string() }
        if mask & Mask.sentIsRequested != 0 {
            guard mask & (Mask.requested | Mask.sent) == Mask.requested else { return nil }
            modelSent = modelRequested
        } else if mask & Mask.sent != 0 {
            modelSent = reader.string()
        }
        if mask & Mask.reported != 0 { modelReported = reader.string() }
        if mask & Mask.error != 0 { error = reader.string() }
        guard !reader.failed, reader.remaining == 0 else { return nil }
    }
}
