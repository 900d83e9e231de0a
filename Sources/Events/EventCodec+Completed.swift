import Accounting

extension EventCodec {
    /// The stored form of a `request.completed`: for the layout see ``CompletedReader``.
    ///
    /// A raw usage object longer than ``Accounting/Usage/rawLimit``, attempts beyond 1,024 and additional models beyond
    /// 256 are left out.
    public static func encode(_ event: RequestCompleted) -> [UInt8] {
        var writer = ByteWriter(capacity: 288)
        writer.byte(Schema.current)
        writer.byte(EventKind.requestCompleted.rawValue)
        writer.fixed64(event.id.high.bigEndian.littleEndian)
        writer.fixed64(event.id.low.bigEndian.littleEndian)
        writer.fixed64(UInt64(bitPattern: event.time))
        writeProfile(event, &writer)
        let raw = event.usage.raw.count > Usage.rawLimit ? [] : event.usage.raw
        writer.fixed16(mask(of: event, hasRaw: !raw.isEmpty))
        writer.signed(event.totalDuration)
        if let duration = event.firstByteDuration { writer.signed(duration) }
        writer.signed(event.upstreamDuration)
        writer.signed(event.requestBytes)
        writer.signed(event.responseBytes)
        writer.byte(event.usage.source.rawValue)
        if let normaliser = event.normaliser { writer.byte(normaliser) }
        event.usage.counts.write(&writer)
        writer.byte(event.cost.state.rawValue)
        writer.signed(event.cost.amount.picodollars)
        writer.varint(UInt64(event.cost.priceBook))
        if let row = event.cost.row { writer.varint(UInt64(row)) }
        let attempts = event.attempts.prefix(CompletedReader.mostAttempts)
        writer.count(attempts.count)
        for attempt in attempts { write(attempt, &writer) }
        if let total = event.usage.reportedTotal { writer.signed(total) }
        writer.string(ifPresent: event.usage.serviceTier)
        writer.string(ifPresent: event.usage.speed)
        writer.string(ifPresent: event.usage.region)
        if let cost = event.usage.providerCost { writer.signed(cost.picodollars) }
        if !event.usage.additional.isEmpty { write(event.usage.additional.prefix(256), &writer) }
        KnownPath.write(event.path, &writer)
        writer.string(ifPresent: event.responseID)
        writer.string(ifPresent: event.session)
        if !event.tags.isEmpty { write(event.tags, &writer) }
        if !raw.isEmpty { RawUsageCoding.withEncoded(raw) { writer.blob($0) } }
        return writer.bytes
    }

    /// The profile goes into the record behind its length; nearly always one byte of it, which is patched afterwards.
    private static func writeProfile(_ event: RequestCompleted, _ writer: inout ByteWriter) {
        let start = writer.bytes.count
        writer.byte(0)
        CompletedProfile.write(event, &writer)
        let length = writer.bytes.count - start - 1
        if length < 0x80 {
            writer.bytes[start] = UInt8(length)
        } else {
            let profile = Array(writer.bytes[(start + 1)...])
            writer.bytes.removeSubrange(start...)
            writer.blob(profile)
        }
    }

    private static func mask(of event: RequestCompleted, hasRaw: Bool) -> UInt16 {
        var mask: UInt16 = 0
        if event.firstByteDuration != nil { mask |= CompletedReader.Mask.firstByte }
        if event.usage.complete { mask |= CompletedReader.Mask.complete }
        if event.cost.row != nil { mask |= CompletedReader.Mask.row }
        if event.usage.reportedTotal != nil { mask |= CompletedReader.Mask.reportedTotal }
        if event.usage.serviceTier != nil { mask |= CompletedReader.Mask.tier }
        if event.usage.speed != nil { mask |= CompletedReader.Mask.speed }
        if event.usage.region != nil { mask |= CompletedReader.Mask.region }
        if event.usage.providerCost != nil { mask |= CompletedReader.Mask.providerCost }
        if !event.usage.additional.isEmpty { mask |= CompletedReader.Mask.additional }
        if event.responseID != nil { mask |= CompletedReader.Mask.responseID }
        if hasRaw { mask |= CompletedReader.Mask.raw }
        if event.normaliser != nil { mask |= CompletedReader.Mask.normaliser }
        if event.session != nil { mask |= CompletedReader.Mask.session }
        if !event.tags.isEmpty { mask |= CompletedReader.Mask.tags }
        return mask
    }

    private static func write(_ attempt: Attempt, _ writer: inout ByteWriter) {
        let bits = attempt.key.flatMap(OpaqueID.key.bits)
        var mask: UInt8 = bits != nil ? 1 : attempt.key != nil ? 2 : 0
        if attempt.status != nil { mask |= 4 }
        if attempt.failure != nil { mask |= 8 }
        writer.byte(mask)
        writer.string(attempt.upstream)
        if let bits { writer.fixed64(bits) } else { writer.string(ifPresent: attempt.key) }
        if let status = attempt.status { writer.fixed16(status) }
        if let failure = attempt.failure { writer.byte(failure.rawValue) }
        writer.signed(attempt.duration)
    }

    private static func write(_ tags: Tags, _ writer: inout ByteWriter) {
        writer.count(tags.list.count)
        for tag in tags.list {
            writer.string(tag.name)
            writer.string(tag.value)
        }
    }

    private static func write(_ list: ArraySlice<Usage.Additional>, _ writer: inout ByteWriter) {
        writer.count(list.count)
        for item in list {
            writer.byte(item.model == nil ? 0 : 1)
            writer.string(ifPresent: item.model)
            item.counts.write(&writer)
        }
    }

    /// The `request.completed` in a record of a version that ``CompletedReader`` reads.
    package static func decodeCompleted(_ bytes: UnsafeRawBufferPointer) throws(EventError) -> RequestCompleted {
        let event: RequestCompleted? = withUnsafeTemporaryAllocation(of: Int64.self, capacity: 32) { units in
            var reader = CompletedReader(bytes, units: units)
            guard !reader.rest.failed, let profile = CompletedProfile(reader.profile),
                let source = Usage.Source(rawValue: reader.source), let state = Cost.State(rawValue: reader.costState),
                let counts = UsageCounts(mask: reader.unitMask, units: UnsafeBufferPointer(units))
            else { return nil }
            var event = RequestCompleted(
                id: reader.id,
                time: reader.time,
                group: profile.group,
                provider: profile.provider
            )
            event.take(profile)
            event.totalDuration = reader.totalDuration
            event.firstByteDuration = reader.firstByteDuration
            event.upstreamDuration = reader.upstreamDuration
            event.requestBytes = reader.requestBytes
            event.responseBytes = reader.responseBytes
            event.usage.source = source
            event.normaliser = reader.normaliser
            event.usage.counts = counts
            event.usage.complete = reader.mask & CompletedReader.Mask.complete != 0
            event.cost = Cost(
                state: state,
                amount: Money(picodollars: reader.amount),
                priceBook: reader.priceBook,
                row: reader.row
            )
            guard event.takeRest(&reader), !reader.rest.failed, reader.rest.remaining == 0 else { return nil }
            return event
        }
        guard let event else { throw .malformed(EventKind.requestCompleted.name) }
        return event
    }
}

extension RequestCompleted {
    mutating func take(_ profile: CompletedProfile) {
        operation = profile.operation
        dialect = profile.dialect
        outcome = profile.outcome
        status = profile.status
        stream = profile.stream
        client = profile.client
        modelRequested = profile.modelRequested
        modelSent = profile.modelSent
        modelReported = profile.modelReported
        error = profile.error
    }

    fileprivate mutating func takeRest(_ reader: inout CompletedReader) -> Bool {
        for _ in 0..<reader.attemptCount {
            let view = reader.nextAttempt()
            guard !reader.rest.failed else { return false }
            let failure = AttemptFailure(rawValue: view.failure)
            guard failure != nil || view.failure == 0 else { return false }
            attempts.append(
                Attempt(
                    upstream: String(decoding: view.upstream, as: UTF8.self),
                    key: view.key,
                    status: view.status,
                    failure: failure,
                    duration: view.duration
                )
            )
        }
        let tail = reader.usageTail()
        usage.reportedTotal = tail.reportedTotal
        usage.serviceTier = tail.tier.map { String(decoding: $0, as: UTF8.self) }
        usage.speed = tail.speed.map { String(decoding: $0, as: UTF8.self) }
        usage.region = tail.region.map { String(decoding: $0, as: UTF8.self) }
        usage.providerCost = tail.providerCost.map { Money(picodollars: $0) }
        usage.additional = reader.additional()
        let strings = reader.strings()
        path = strings.path
        responseID = strings.responseID
        session = strings.session
        tags = strings.tags
        usage.raw = reader.raw()
        return true
    }
}
