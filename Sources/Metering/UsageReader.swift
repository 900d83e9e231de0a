import Accounting

/// Turns a provider's usage object into normal form, choosing the reader by the object's shape and never by host.
struct UsageReader {
    /// True when the answering model is Google's, whose OpenAI-compatible endpoint hides thinking in the total.
    var isGoogle = false
    private(set) var usage = Usage()
    /// Parts clamped and totals that do not reconcile.
    private(set) var anomalies: UInt32 = 0
    /// The model that really served, when the usage object names another.
    private(set) var servedModel: String?

    init(isGoogle: Bool) { self.isGoogle = isGoogle }

    /// True for the name of a model of Google's.
    static func isGoogle(_ model: UnsafeRawBufferPointer) -> Bool {
        model.begins("gemini") || model.begins("models/gemini") || model.begins("google/gemini")
    }

    /// Reads one usage object.
    ///
    /// - Returns: false when it states nothing that can be understood; then nothing changes.
    mutating func read(_ raw: UnsafeRawBufferPointer) -> Bool {
        guard let tape = JSONTape(raw) else { return false }
        return tape.withRoot { $0.kind == .object && read($0) }
    }

    /// The counts that a usage stands or falls with.
    private static let mainKeys: [UsageKey] = [
        .promptTokens, .completionTokens, .inputTokens, .outputTokens, .geminiPromptTokenCount, .candidatesTokenCount,
        .thoughtsTokenCount, .converseInputTokens, .converseOutputTokens, .totalInputTokens, .totalOutputTokens,
    ]

    private mutating func read(_ root: JSONView) -> Bool {
        // A count that is there and is none, as one below zero, is not known to be nothing.
        guard !Self.mainKeys.contains(where: { root[$0].map { $0.kind == .number && $0.count == nil } ?? false }) else {
            anomalies = anomalies &+ 1
            return false
        }
        let tally = tally(of: root)
        usage.reportedTotal = (root[.totalTokens] ?? root[.totalTokenCount] ?? root[.converseTotalTokens])?.count
        usage.serviceTier =
            (root[.serviceTier] ?? root[.geminiServiceTier])?.string(limit: 64)
            ?? root[.trafficType].flatMap(UsageShapes.trafficType)
        usage.speed = root[.speed]?.string(limit: 64)
        usage.region = root[.inferenceGeo]?.string(limit: 64)
        readCost(root)
        guard !tally.isEmpty else { return usage.providerCost != nil }
        usage.counts = tally.lines(&anomalies)
        readIterations(root)
        return true
    }

    /// Adds work billed beside the usage object.
    mutating func add(_ additional: Usage.Additional) { usage.additional.append(additional) }

    /// Adds a line.
    mutating func add(_ count: Int64, to unit: UsageUnit) { usage.counts.add(count, to: unit) }

    private func tally(of root: JSONView) -> UsageTally {
        func has(_ key: UsageKey) -> Bool { root[key] != nil }
        if has(.promptTokens) || has(.completionTokens) { return UsageShapes.chat(root, isGoogle: isGoogle) }
        if has(.inputTokens) || has(.outputTokens) {
            let isAnthropic =
                has(.cacheCreationInputTokens) || has(.cacheReadInputTokens) || has(.cacheCreation)
                || has(.serverToolUse) || has(.iterations)
            return isAnthropic ? UsageShapes.anthropic(root) : UsageShapes.responses(root)
        }
        if has(.geminiPromptTokenCount) || has(.totalTokenCount) || has(.candidatesTokenCount)
            || has(.responseTokenCount) || has(.thoughtsTokenCount) || has(.toolUsePromptTokenCount)
        {
            return UsageShapes.gemini(root)
        }
        if has(.totalInputTokens) || has(.totalOutputTokens) || has(.totalThoughtTokens) || has(.totalToolUseTokens) {
            return UsageShapes.interactions(root)
        }
        if has(.billedUnits) || has(.tokens) { return UsageShapes.cohere(root) }
        if has(.converseInputTokens) || has(.converseOutputTokens) { return UsageShapes.converse(root) }
        return UsageShapes.loose(root)
    }

    private mutating func readIterations(_ root: JSONView) {
        root[.iterations]?.forEachChild { step in
            guard let type = step[.type] else { return }
            if type.bytes.equals("compaction") || type.bytes.equals("advisor_message") {
                // At most one per turn of a tool loop; the bound keeps an event small.
                guard usage.additional.count < 64 else { return }
                let counts = UsageShapes.anthropic(step).lines(&anomalies)
                usage.additional.append(.init(model: step[.model]?.string(limit: 256), counts: counts))
            } else if type.bytes.equals("fallback_message") {
                servedModel = step[.model]?.string(limit: 256) ?? servedModel
            }
        }
    }

    private mutating func readCost(_ root: JSONView) {
        // Ticks are 10⁻¹⁰ dollars, so a tick is a hundred picodollars.
        let ticks = root[.costInUsdTicks]?.scaled(by: 2)
        let cost = root[.cost]
        let stated = cost?.scaled(by: 12) ?? cost?[.totalCost]?.scaled(by: 12)
        if let amount = stated ?? ticks { usage.providerCost = Money(picodollars: amount) }
    }
}
