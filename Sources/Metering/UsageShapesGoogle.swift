import Accounting

extension UsageShapes {
    /// Tokens by modality, from a list of `{modality, tokenCount}`.
    private struct Modalities {
        var audio: Int64?
        var image: Int64?
        var video: Int64?

        mutating func add(_ list: JSONView?, countKey: UsageKey) {
            list?.forEachChild { item in
                guard let modality = item[.modality], let count = item[countKey]?.count else { return }
                // With enum-encoding=int a modality is a number; documents are read as images.
                switch String(decoding: modality.bytes, as: UTF8.self).uppercased() {
                case "AUDIO", "4": audio = sum(audio, count)
                case "IMAGE", "DOCUMENT", "2", "5": image = sum(image, count)
                case "VIDEO", "3": video = sum(video, count)
                default: break
                }
            }
        }
    }

    /// Gemini `usageMetadata`: thoughts and the tool prompt stand beside candidates and prompt; zeros are left out.
    static func gemini(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        let tool = root[.toolUsePromptTokenCount]?.count
        let candidates = (root[.candidatesTokenCount] ?? root[.responseTokenCount])?.count
        let thoughts = root[.thoughtsTokenCount]?.count
        var prompt = root[.geminiPromptTokenCount]?.count
        if prompt == nil, let total = root[.totalTokenCount]?.count {
            // Zeros are left out, but so is the prompt now and then; the total holds it.
            prompt = max(0, total - (sum(tool, candidates, thoughts) ?? 0))
        }
        tally.input = sum(prompt, tool) ?? 0
        tally.inputTool = tool
        tally.output = sum(candidates, thoughts)
        tally.reasoning = thoughts
        tally.cacheRead = root[.cachedContentTokenCount]?.count
        var inputs = Modalities()
        inputs.add(root[.geminiPromptTokensDetails] ?? root[.geminiPromptTokenDetails], countKey: .geminiTokenCount)
        inputs.add(root[.toolUsePromptTokensDetails], countKey: .geminiTokenCount)
        (tally.inputAudio, tally.inputImage, tally.inputVideo) = (inputs.audio, inputs.image, inputs.video)
        var cached = Modalities()
        cached.add(root[.cacheTokensDetails], countKey: .geminiTokenCount)
        (tally.cachedAudio, tally.cachedImage, tally.cachedVideo) = (cached.audio, cached.image, cached.video)
        var outputs = Modalities()
        outputs.add(root[.candidatesTokensDetails] ?? root[.responseTokensDetails], countKey: .geminiTokenCount)
        (tally.outputAudio, tally.outputImage, tally.outputVideo) = (outputs.audio, outputs.image, outputs.video)
        if let total = root[.totalTokenCount]?.count, total != (tally.input ?? 0) + (tally.output ?? 0) {
            tally.anomalies += 1
        }
        return tally
    }

    /// Vertex' kind of traffic; with `enum-encoding=int` it is the number of its name.
    static func trafficType(_ value: JSONView) -> String? {
        guard let number = value.count else { return value.string(limit: 64) }
        switch number {
        case 1: return "ON_DEMAND"
        case 2: return "PROVISIONED_THROUGHPUT"
        case 3: return "ON_DEMAND_PRIORITY"
        case 4: return "ON_DEMAND_FLEX"
        default: return nil
        }
    }

    /// Google Interactions: the same arithmetic under other names.
    static func interactions(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        let tool = root[.totalToolUseTokens]?.count
        tally.input = sum(root[.totalInputTokens]?.count, tool)
        tally.inputTool = tool
        tally.cacheRead = root[.totalCachedTokens]?.count
        tally.reasoning = root[.totalThoughtTokens]?.count
        tally.output = sum(root[.totalOutputTokens]?.count, tally.reasoning)
        var inputs = Modalities()
        inputs.add(root[.inputTokensByModality], countKey: .tokens)
        inputs.add(root[.toolUseTokensByModality], countKey: .tokens)
        (tally.inputAudio, tally.inputImage, tally.inputVideo) = (inputs.audio, inputs.image, inputs.video)
        var cached = Modalities()
        cached.add(root[.cachedTokensByModality], countKey: .tokens)
        (tally.cachedAudio, tally.cachedImage, tally.cachedVideo) = (cached.audio, cached.image, cached.video)
        var outputs = Modalities()
        outputs.add(root[.outputTokensByModality], countKey: .tokens)
        (tally.outputAudio, tally.outputImage, tally.outputVideo) = (outputs.audio, outputs.image, outputs.video)
        root[.groundingToolCount]?.forEachChild { tool in
            guard let type = tool[.type], let count = tool[.count]?.count else { return }
            // Maps and retrieval have prices of their own; they stay in the raw object.
            if type.bytes.equals("google_search") { tally.units.append((.webSearches, count)) }
        }
        return tally
    }

    /// Counts that come without a usage object of their own, and objects that state only units.
    static func loose(_ root: JSONView) -> UsageTally {
        var tally = UsageTally()
        func first(_ keys: UsageKey...) -> Int64? {
            for key in keys { if let count = root[key]?.count { return count } }
            return nil
        }
        let read = first(.headerCacheRead, .cacheReadInputTokenCount)
        let written = first(.headerCacheWrite, .cacheWriteInputTokenCount)
        let plain = first(
            .headerInput,
            .metricsInputTokenCount,
            .promptEvalCount,
            .promptTokenCount,
            .inputTextTokenCount,
            .inputTokenCount,
            .numTokensPromptTotal,
            .tokenCount
        )
        tally.output = first(
            .headerOutput,
            .metricsOutputTokenCount,
            .evalCount,
            .generationTokenCount,
            .geminiTokenCount,
            .generatedTokenCount,
            .numTokensGenerated
        )
        tally.input = sum(plain, read, written)
        tally.cacheRead = read
        tally.cacheWrite5m = written
        // Embedders and rerankers often report one total, all of it input.
        if tally.input == nil, tally.output == nil { tally.input = root[.totalTokens]?.count }
        if let seconds = (root[.seconds] ?? root[.billableAudioSeconds])?.scaled(by: 3) {
            tally.units.append((.audioInputMilliseconds, seconds))
        }
        if let pages = root[.pagesProcessed]?.count { tally.units.append((.pages, pages)) }
        if let characters = root[.billableCharacterCount]?.count { tally.units.append((.characters, characters)) }
        if let images = root[.images]?.count { tally.units.append((.images, images)) }
        return tally
    }
}
