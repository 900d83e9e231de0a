import Accounting

extension ResponseMeter {
    /// Puts together what was learnt.
    consuming func facts(_ ending: BodyEnding, isTruncated: Bool) -> ResponseFacts {
        var facts = ResponseFacts()
        facts.model = decodedName(reader.model, limit: RequestFacts.modelLimit)
        facts.responseID = decodedName(reader.id, limit: RequestFacts.modelLimit)
        facts.failedInside = reader.failed
        facts.sawTerminal = reader.sawTerminal
        switch route.operation {
        case .countTokens, .management, .moderation: break
        case .batch: readBatch(&facts, ending, isTruncated: isTruncated)
        default: readUsage(&facts, ending, isTruncated: isTruncated)
        }
        let isBroken = reader.malformed || inflater?.state == .failed || (isTruncated && ending == .complete)
        facts.isPending =
            reader.isPending && route.isStored && !isStream && ending == .complete && facts.usage.source == .none
        facts.unreadable = unreadable || (isBroken && facts.usage.source == .none)
        return facts
    }

    /// A batch states its usage once it has run, either on the batch or on each line of its results.
    private borrowing func readBatch(_ facts: inout ResponseFacts, _ ending: BodyEnding, isTruncated: Bool) {
        if let lines = reader.lines {
            facts.usage = lines
            facts.usage.closeRaw()
            facts.usage.complete = !isTruncated && ending == .complete
            if !facts.usage.complete { facts.usage.source = .streamPartial }
            facts.anomalies = reader.lineAnomalies
        } else {
            readUsage(&facts, ending, isTruncated: isTruncated)
            // Until then all its counts are zero.
            var isZero = true
            facts.usage.counts.forEach { _, count in if count > 0 { isZero = false } }
            if isZero { facts.usage = Usage() }
        }
        if facts.usage.source != .none, facts.usage.serviceTier == nil { facts.usage.serviceTier = "batch" }
    }

    private borrowing func readUsage(_ facts: inout ResponseFacts, _ ending: BodyEnding, isTruncated: Bool) {
        var raw = reader.usage
        if raw.isEmpty, !reader.loose.isEmpty { raw = reader.loose.json }
        let isGoogle =
            facts.model == nil
            ? modelRequested.withBytes { UsageReader.isGoogle($0) }
            : reader.model.withUnsafeBytes { UsageReader.isGoogle($0) }
        var usageReader = UsageReader(isGoogle: isGoogle)
        var source = isStream ? Usage.Source.stream : .body
        var isKnown = !raw.isEmpty && raw.withUnsafeBytes { usageReader.read($0) }
        if !headers.isEmpty, !isKnown || usageReader.usage.counts.total(.output) == nil {
            var headerReader = UsageReader(isGoogle: false)
            let stated = headers.json
            let isStated = stated.withUnsafeBytes { headerReader.read($0) }
            // Where a guardrail rewrote the body, only the headers still tell the output.
            if isStated, !isKnown || headerReader.usage.counts.total(.output) ?? 0 > 0 {
                raw = stated
                usageReader = headerReader
                isKnown = true
                source = .header
            }
        }
        if !isKnown { raw = [] }
        isKnown =
            usageReader.addUnits(reader.tallies, toolUsage: reader.toolUsage, countsImages: route.operation == .image)
            || isKnown
        guard isKnown else {
            facts.anomalies = usageReader.anomalies
            return
        }
        facts.model = usageReader.servedModel ?? facts.model
        facts.anomalies = usageReader.anomalies
        var usage = usageReader.usage
        usage.raw = raw.count <= Usage.rawLimit ? raw : []
        if usage.serviceTier == nil { usage.serviceTier = decodedName(reader.serviceTier, limit: 64) }
        usage.complete = source == .header || isComplete(ending, isTruncated: isTruncated)
        usage.source = source == .stream && !usage.complete ? .streamPartial : source
        facts.usage = usage
    }

    /// True when the provider's final figure was seen.
    private borrowing func isComplete(_ ending: BodyEnding, isTruncated: Bool) -> Bool {
        if reader.failedAfterUsage { return false }
        guard isStream else { return !isTruncated }
        if reader.isMessageStream || reader.isRunning { return reader.sawTerminal }
        switch ending {
        case .complete: return !isTruncated || reader.sawTerminal
        case .cut: return reader.sawTerminal || reader.sawFinalUsage
        }
    }
}
