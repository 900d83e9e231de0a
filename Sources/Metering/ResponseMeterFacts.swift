import Accounting

extension ResponseMeter {
    /// Puts together what was learnt.
    consuming func facts(_ ending: BodyEnding, isTruncated: Bool) -> ResponseFacts {
        var facts = ResponseFacts()
        facts.model = Self.name(reader.model, limit: RequestFacts.modelLimit)
        facts.responseID = Self.name(reader.id, limit: RequestFacts.modelLimit)
        facts.failedInside = reader.failed
        facts.sawTerminal = reader.sawTerminal
        switch route.operation {
        case .countTokens, .batch, .management, .moderation: break
        default: readUsage(&facts, ending, isTruncated: isTruncated)
        }
        let isBroken = reader.malformed || inflater?.state == .failed || (isTruncated && ending == .complete)
        facts.unreadable = unreadable || (isBroken && facts.usage.source == .none)
        return facts
    }

    private borrowing func readUsage(_ facts: inout ResponseFacts, _ ending: BodyEnding, isTruncated: Bool) {
        var raw = reader.usage
        if raw.isEmpty, !reader.loose.isEmpty { raw = reader.loose.json }
        let isGoogle = ["gemini", "models/gemini", "google/gemini"].contains { facts.model?.hasPrefix($0) ?? false }
        var usageReader = UsageReader(isGoogle: isGoogle)
        var source = isStream ? Usage.Source.stream : .body
        var isKnown = !raw.isEmpty && raw.withUnsafeBytes { usageReader.read($0) }
        if !headers.isEmpty, !isKnown || usageReader.usage.counts.total(.output) == nil {
            // Where a guardrail rewrote the body, only the headers still tell the output.
            raw = headers.json
            usageReader = UsageReader(isGoogle: false)
            isKnown = raw.withUnsafeBytes { usageReader.read($0) }
            source = .header
        }
        if !isKnown { raw = [] }
        isKnown = addUnits(&usageReader, isKnown: isKnown) || isKnown
        guard isKnown else { return }
        var usage = usageReader.usage
        usage.raw = raw.count <= Usage.rawLimit ? raw : []
        if usage.serviceTier == nil { usage.serviceTier = Self.name(reader.serviceTier, limit: 64) }
        usage.complete = source == .header || isComplete(ending, isTruncated: isTruncated)
        usage.source = source == .stream && !usage.complete ? .streamPartial : source
        facts.model = usageReader.servedModel ?? facts.model
        facts.anomalies = usageReader.anomalies
        facts.usage = usage
    }

    /// True when the provider's final figure was seen.
    private borrowing func isComplete(_ ending: BodyEnding, isTruncated: Bool) -> Bool {
        if reader.failedAfterUsage { return false }
        guard isStream else { return !isTruncated }
        if reader.isMessageStream { return reader.sawTerminal }
        switch ending {
        case .complete: return !isTruncated || reader.sawTerminal
        case .cut: return reader.sawTerminal || reader.sawFinalUsage
        }
    }

    /// Adds what is billed by its number and stands outside the usage object; true when there was any.
    private borrowing func addUnits(_ usage: inout UsageReader, isKnown: Bool) -> Bool {
        var found = false
        func add(_ count: Int64, _ unit: UsageUnit) {
            guard count > 0, usage.usage.counts[unit] == nil else { return }
            usage.add(count, to: unit)
            found = true
        }
        readToolUsage(&usage)
        add(reader.tallies.webSearchCalls, .webSearches)
        add(reader.tallies.fileSearchCalls, .fileSearches)
        // Calls share their container, and the container is what is billed.
        add(min(1, reader.tallies.codeCalls), .codeSessions)
        add(reader.tallies.searchQueries, .webSearches)
        if route.operation == .image { add(reader.tallies.images, .images) }
        return found
    }

    private borrowing func readToolUsage(_ usage: inout UsageReader) {
        guard !reader.toolUsage.isEmpty else { return }
        reader.toolUsage.withUnsafeBytes { bytes in
            JSONTape(bytes)?.withRoot { root in
                if let searches = root["web_search"]?["num_requests"]?.count, searches > 0 {
                    usage.add(searches, to: .webSearches)
                }
                guard let tally = root["image_gen"].map(UsageShapes.responses) else { return }
                var clamped: UInt32 = 0
                if (tally.input ?? 0) > 0 || (tally.output ?? 0) > 0 {
                    usage.add(Usage.Additional(model: nil, counts: tally.lines(&clamped)))
                }
            }
        }
    }

    private static func name(_ content: [UInt8], limit: Int) -> String? {
        guard !content.isEmpty else { return nil }
        let decoded = content.withUnsafeBytes { decodeJSONString($0) }
        return decoded.flatMap { $0.utf8.count <= limit ? $0 : nil }
    }
}
