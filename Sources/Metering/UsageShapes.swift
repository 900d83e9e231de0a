import Accounting

/// The usage objects of the families, read into one tally each.
enum UsageShapes {
    /// OpenAI chat, legacy completions, embeddings and their many copies: parts are inside prompt and completion.
    static func chat(_ root: JSONView, isGoogle: Bool) -> UsageTally {
        var tally = UsageTally()
        let inputs = root["prompt_tokens_details"] ?? root["prompt_token_details"] ?? root["input_tokens_details"]
        let outputs =
            root["completion_tokens_details"] ?? root["completion_token_details"] ?? root["output_tokens_details"]
        tally.input = root["prompt_tokens"]?.count
        tally.output = root["completion_tokens"]?.count
        readInputDetails(inputs, root, &tally)
        readOutputDetails(outputs, &tally)
        tally.cacheWriteOther =
            (inputs?["cache_write_tokens"] ?? root["cache_creation_input_tokens"] ?? inputs?["cache_creation_tokens"])?
            .count
        let tools = root["server_tool_use_details"] ?? root["server_tool_use"]
        if let searches = tools?["web_search_requests"]?.count, searches > 0 {
            tally.units.append((.webSearches, searches))
        }
        let isPerplexity = root["citation_tokens"] != nil || root["num_search_queries"] != nil
        if tally.reasoning == nil { tally.reasoning = root["reasoning_tokens"]?.count }
        if isPerplexity {
            tally.output = sum(tally.output, tally.reasoning)
            tally.citation = root["citation_tokens"]?.count
            if let queries = root["num_search_queries"]?.count { tally.units.append((.webSearches, queries)) }
        } else {
            reconcile(root, isGoogle: isGoogle, &tally)
        }
        if let seconds = (root["prompt_audio_seconds"] ?? root["billable_audio_seconds"])?.scaled(by: 3) {
            tally.units.append((.audioInputMilliseconds, seconds))
        }
        return tally
    }

    /// Finds by arithmetic what a copy left out of prompt and completion but put into the total.
    private static func reconcile(_ root: JSONView, isGoogle: Bool, _ tally: inout UsageTally) {
        let reasoning = tally.reasoning ?? 0
        if root["market_cost"] != nil {
            // This gateway leaves reasoning out of the completion and of the total; its bill includes it.
            tally.output = sum(tally.output, tally.reasoning)
            return
        }
        guard let total = root["total_tokens"]?.count else { return }
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
            let isOpenRouter = root["cost_details"] != nil || root["is_byok"] != nil
            if let output = tally.output, reasoning > output, !isOpenRouter { tally.output = sum(output, reasoning) }
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

    private static func readInputDetails(_ details: JSONView?, _ root: JSONView, _ tally: inout UsageTally) {
        tally.cacheRead =
            (details?["cached_tokens"] ?? root["cached_tokens"] ?? root["prompt_cache_hit_tokens"]
            ?? root["num_cached_tokens"] ?? root["cache_read_input_tokens"])?.count
        tally.inputAudio = details?["audio_tokens"]?.count
        tally.inputImage = details?["image_tokens"]?.count
        tally.inputVideo = details?["video_tokens"]?.count
        let cached = details?["cached_tokens_details"]
        tally.cachedAudio = cached?["audio_tokens"]?.count
        tally.cachedImage = cached?["image_tokens"]?.count
        tally.cachedVideo = cached?["video_tokens"]?.count
    }

    private static func readOutputDetails(_ details: JSONView?, _ tally: inout UsageTally) {
        tally.reasoning = (details?["reasoning_tokens"] ?? details?["thinking_tokens"])?.count
        tally.outputAudio = details?["audio_tokens"]?.count
        tally.outputImage = details?["image_tokens"]?.count
        tally.outputVideo = details?["video_tokens"]?.count
    }

    /// OpenAI Responses, images, transcription, realtime: same inclusion rules under other names.
    static func responses(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        let inputs =
            root["input_tokens_details"] ?? root["input_token_details"] ?? root["prompt_tokens_details"]
        let outputs =
            root["output_tokens_details"] ?? root["output_token_details"] ?? root["completion_tokens_details"]
        tally.input = root["input_tokens"]?.count
        tally.output = root["output_tokens"]?.count
        readInputDetails(inputs, root, &tally)
        readOutputDetails(outputs, &tally)
        tally.cacheWriteOther = inputs?["cache_write_tokens"]?.count
        if let total = root["total_tokens"]?.count, total != (tally.input ?? 0) + (tally.output ?? 0) {
            tally.anomalies += 1
        }
        if let seconds = root["billable_audio_seconds"]?.scaled(by: 3) {
            tally.units.append((.audioInputMilliseconds, seconds))
        }
        return tally
    }

    /// Anthropic and its copies: the input leaves out both cache parts, the output includes thinking.
    static func anthropic(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        let read = root["cache_read_input_tokens"]?.count
        let split = root["cache_creation"]
        let fiveMinutes = split?["ephemeral_5m_input_tokens"]?.count
        var oneHour = split?["ephemeral_1h_input_tokens"]?.count
        let written = root["cache_creation_input_tokens"]?.count ?? sum(fiveMinutes, oneHour)
        tally.input = sum(root["input_tokens"]?.count, read, written)
        tally.cacheRead = read
        if let written {
            // The split comes only with the first event of a stream. Where server tools wrote more since, their
            // iterations say for how long; what nothing covers counts as five minutes.
            if sum(fiveMinutes, oneHour) != written, let later = hoursWritten(root) { oneHour = later }
            let hour = min(oneHour ?? 0, written)
            tally.cacheWrite5m = written - hour
            tally.cacheWrite1h = oneHour == nil ? nil : hour
        }
        tally.output = root["output_tokens"]?.count
        tally.reasoning = root["output_tokens_details"]?["thinking_tokens"]?.count
        if let searches = root["server_tool_use"]?["web_search_requests"]?.count, searches > 0 {
            tally.units.append((.webSearches, searches))
        }
        return tally
    }

    /// The one-hour cache writes of the iterations that the top level sums; nil when none states its lifetimes.
    private static func hoursWritten(_ root: JSONView) -> Int64? {
        var total: Int64?
        root["iterations"]?.forEachChild { step in
            guard step["type"]?.bytes.equals("message") ?? false else { return }
            total = sum(total, step["cache_creation"]?["ephemeral_1h_input_tokens"]?.count)
        }
        return total
    }

    /// Bedrock Converse and Nova: the input leaves out both cache parts, repeated under a second spelling.
    static func converse(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        tally.cacheRead = (root["cacheReadInputTokens"] ?? root["cacheReadInputTokenCount"])?.count
        let written = (root["cacheWriteInputTokens"] ?? root["cacheWriteInputTokenCount"])?.count
        tally.input = sum(root["inputTokens"]?.count, tally.cacheRead, written)
        tally.output = root["outputTokens"]?.count
        guard let written else { return tally }
        var hour: Int64 = 0
        root["cacheDetails"]?.forEachChild { detail in
            if detail["ttl"]?.bytes.equals("1h") ?? false { hour = detail["inputTokens"]?.count ?? 0 }
        }
        hour = min(hour, written)
        tally.cacheWrite5m = written - hour
        if hour > 0 { tally.cacheWrite1h = hour }
        return tally
    }

    /// Cohere: the billed units are what is invoiced; the processed tokens are not.
    static func cohere(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        guard let billed = root["billed_units"] else {
            tally.input = root["tokens"]?["input_tokens"]?.count
            tally.output = root["tokens"]?["output_tokens"]?.count
            tally.cacheRead = root["cached_tokens"]?.count
            return tally
        }
        tally.inputImage = billed["image_tokens"]?.count
        tally.input = sum(billed["input_tokens"]?.count, tally.inputImage)
        tally.output = billed["output_tokens"]?.count
        if let searches = billed["search_units"]?.count { tally.units.append((.rerankSearches, searches)) }
        return tally
    }
}
