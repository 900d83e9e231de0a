import Accounting

/// The usage objects of the families, read into one tally each.
enum UsageShapes {
    /// OpenAI chat, legacy completions, embeddings and their many copies: parts are inside prompt and completion.
    static func chat(_ root: JSONView, isGoogle: Bool) -> UsageTally {
        var tally = UsageTally()
        let inputs = root[.promptTokensDetails] ?? root[.promptTokenDetails] ?? root[.inputTokensDetails]
        let outputs =
            root[.completionTokensDetails] ?? root[.completionTokenDetails] ?? root[.outputTokensDetails]
        tally.input = root[.promptTokens]?.count
        tally.output = root[.completionTokens]?.count
        readInputDetails(inputs, root, &tally)
        readOutputDetails(outputs, &tally)
        tally.cacheWriteOther =
            (inputs?[.cacheWriteTokens] ?? root[.cacheCreationInputTokens] ?? inputs?[.cacheCreationTokens])?
            .count
        let tools = root[.serverToolUseDetails] ?? root[.serverToolUse]
        if let searches = tools?[.webSearchRequests]?.count, searches > 0 {
            tally.units.append((.webSearches, searches))
        }
        let isPerplexity = root[.citationTokens] != nil || root[.numSearchQueries] != nil
        if tally.reasoning == nil { tally.reasoning = root[.reasoningTokens]?.count }
        if isPerplexity {
            tally.output = sum(tally.output, tally.reasoning)
            tally.citation = root[.citationTokens]?.count
            if let queries = root[.numSearchQueries]?.count { tally.units.append((.webSearches, queries)) }
        } else {
            reconcile(root, isGoogle: isGoogle, &tally)
        }
        if let seconds = (root[.promptAudioSeconds] ?? root[.billableAudioSeconds])?.scaled(by: 3) {
            tally.units.append((.audioInputMilliseconds, seconds))
        }
        return tally
    }

    /// Finds by arithmetic what a copy left out of prompt and completion but put into the total.
    private static func reconcile(_ root: JSONView, isGoogle: Bool, _ tally: inout UsageTally) {
        let reasoning = tally.reasoning ?? 0
        if root[.marketCost] != nil {
            // This gateway leaves reasoning out of the completion and of the total; its bill includes it.
            tally.output = sum(tally.output, tally.reasoning)
            return
        }
        guard let total = root[.totalTokens]?.count else {
            addReasoning(root, &tally)
            return
        }
        let gap = total - (tally.input ?? 0) - (tally.output ?? 0)
        if tally.input == nil || (tally.output == nil && gap != 0) {
            // One of the two is missing: the total says what it was, unless the numbers are at odds.
            if gap < 0 {
                tally.anomalies += 1
            } else if tally.input == nil {
                tally.input = gap
            } else {
                tally.output = gap
            }
        } else if gap == 0 {
            addReasoning(root, &tally)
        } else if gap > 0, gap == reasoning {
            tally.output = sum(tally.output, gap)
        } else if gap > 0, let audio = tally.inputAudio, gap == audio {
            tally.input = sum(tally.input, gap)
        } else if gap > 0, let audio = tally.inputAudio, reasoning > 0, gap - audio == reasoning {
            tally.input = sum(tally.input, audio)
            tally.output = sum(tally.output, reasoning)
        } else if gap > 0, isGoogle {
            tally.output = sum(tally.output, gap)
            tally.reasoning = sum(tally.reasoning, gap)
        } else {
            tally.anomalies += 1
        }
    }

    /// More reasoning than output cannot be a part of it, except at OpenRouter, where it always is and may be misstated.
    private static func addReasoning(_ root: JSONView, _ tally: inout UsageTally) {
        guard root[.costDetails] == nil, root[.isByok] == nil, let output = tally.output,
            let reasoning = tally.reasoning,
            reasoning > output
        else { return }
        tally.output = sum(output, reasoning)
    }

    private static func readInputDetails(_ details: JSONView?, _ root: JSONView, _ tally: inout UsageTally) {
        tally.cacheRead =
            (details?[.cachedTokens] ?? root[.cachedTokens] ?? root[.promptCacheHitTokens]
            ?? root[.numCachedTokens] ?? root[.cacheReadInputTokens])?.count
        tally.inputAudio = details?[.audioTokens]?.count
        tally.inputImage = details?[.imageTokens]?.count
        tally.inputVideo = details?[.videoTokens]?.count
        let cached = details?[.cachedTokensDetails]
        tally.cachedAudio = cached?[.audioTokens]?.count
        tally.cachedImage = cached?[.imageTokens]?.count
        tally.cachedVideo = cached?[.videoTokens]?.count
    }

    private static func readOutputDetails(_ details: JSONView?, _ tally: inout UsageTally) {
        tally.reasoning = (details?[.reasoningTokens] ?? details?[.thinkingTokens])?.count
        tally.outputAudio = details?[.audioTokens]?.count
        tally.outputImage = details?[.imageTokens]?.count
        tally.outputVideo = details?[.videoTokens]?.count
    }

    /// OpenAI Responses, images, transcription, realtime: same inclusion rules under other names.
    static func responses(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        let inputs =
            root[.inputTokensDetails] ?? root[.inputTokenDetails] ?? root[.promptTokensDetails]
        let outputs =
            root[.outputTokensDetails] ?? root[.outputTokenDetails] ?? root[.completionTokensDetails]
        tally.input = root[.inputTokens]?.count
        tally.output = root[.outputTokens]?.count
        readInputDetails(inputs, root, &tally)
        readOutputDetails(outputs, &tally)
        tally.cacheWriteOther = inputs?[.cacheWriteTokens]?.count
        if let total = root[.totalTokens]?.count, total != (tally.input ?? 0) + (tally.output ?? 0) {
            tally.anomalies += 1
        }
        if let seconds = root[.billableAudioSeconds]?.scaled(by: 3) {
            tally.units.append((.audioInputMilliseconds, seconds))
        }
        return tally
    }

    /// Anthropic and its copies: the input leaves out both cache parts, the output includes thinking.
    static func anthropic(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        let read = root[.cacheReadInputTokens]?.count
        let split = root[.cacheCreation]
        let fiveMinutes = split?[.ephemeral5m]?.count
        var oneHour = split?[.ephemeral1h]?.count
        let written = root[.cacheCreationInputTokens]?.count ?? sum(fiveMinutes, oneHour)
        tally.input = sum(root[.inputTokens]?.count, read, written)
        tally.cacheRead = read
        if let written {
            // The split comes only with the first event of a stream. Where server tools wrote more since, their
            // iterations say for how long; what nothing covers counts as five minutes.
            if sum(fiveMinutes, oneHour) != written, let later = hoursWritten(root) { oneHour = later }
            let hour = min(oneHour ?? 0, written)
            tally.cacheWrite5m = written - hour
            tally.cacheWrite1h = oneHour == nil ? nil : hour
        }
        tally.output = root[.outputTokens]?.count
        tally.reasoning = root[.outputTokensDetails]?[.thinkingTokens]?.count
        if let searches = root[.serverToolUse]?[.webSearchRequests]?.count, searches > 0 {
            tally.units.append((.webSearches, searches))
        }
        return tally
    }

    /// The one-hour cache writes of the iterations that the top level sums; nil when none states its lifetimes.
    private static func hoursWritten(_ root: JSONView) -> Int64? {
        var total: Int64?
        root[.iterations]?.forEachChild { step in
            guard step[.type]?.bytes.equals("message") ?? false else { return }
            total = sum(total, step[.cacheCreation]?[.ephemeral1h]?.count)
        }
        return total
    }

    /// Bedrock Converse and Nova: the input leaves out both cache parts, repeated under a second spelling.
    static func converse(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        tally.cacheRead = (root[.converseCacheReadInputTokens] ?? root[.cacheReadInputTokenCount])?.count
        let written = (root[.cacheWriteInputTokens] ?? root[.cacheWriteInputTokenCount])?.count
        tally.input = sum(root[.converseInputTokens]?.count, tally.cacheRead, written)
        tally.output = root[.converseOutputTokens]?.count
        guard let written else { return tally }
        var hour: Int64 = 0
        root[.cacheDetails]?.forEachChild { detail in
            if detail[.ttl]?.bytes.equals("1h") ?? false { hour += detail[.converseInputTokens]?.count ?? 0 }
        }
        hour = min(hour, written)
        tally.cacheWrite5m = written - hour
        if hour > 0 { tally.cacheWrite1h = hour }
        return tally
    }

    /// Cohere: the billed units are what is invoiced; the processed tokens are not.
    static func cohere(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        guard let billed = root[.billedUnits] else {
            tally.input = root[.tokens]?[.inputTokens]?.count
            tally.output = root[.tokens]?[.outputTokens]?.count
            tally.cacheRead = root[.cachedTokens]?.count
            return tally
        }
        tally.inputImage = billed[.imageTokens]?.count
        tally.input = sum(billed[.inputTokens]?.count, tally.inputImage)
        tally.output = billed[.outputTokens]?.count
        if let searches = billed[.searchUnits]?.count { tally.units.append((.rerankSearches, searches)) }
        return tally
    }
}
