/// The keys of usage objects that readers ask for.
///
/// A tape notes the key of each member by its number, so that a reader's question is answered by comparing numbers.
enum UsageKey: UInt8 {
    /// Any key that nobody asks for.
    case other = 0
    case promptTokensDetails, promptTokenDetails, inputTokensDetails, completionTokensDetails
    case completionTokenDetails, outputTokensDetails, promptTokens, completionTokens, cacheWriteTokens
    case cacheCreationInputTokens, cacheCreationTokens, serverToolUseDetails, serverToolUse, webSearchRequests
    case citationTokens, numSearchQueries, reasoningTokens, promptAudioSeconds, billableAudioSeconds, marketCost
    case totalTokens, costDetails, isByok, cachedTokens, promptCacheHitTokens, numCachedTokens, cacheReadInputTokens
    case audioTokens, imageTokens, videoTokens, cachedTokensDetails, thinkingTokens, inputTokenDetails
    case outputTokenDetails, inputTokens, outputTokens, cacheCreation, ephemeral5m, ephemeral1h, iterations, type
    case converseCacheReadInputTokens, cacheReadInputTokenCount, cacheWriteInputTokens, cacheWriteInputTokenCount
    case converseInputTokens, converseOutputTokens, cacheDetails, ttl, billedUnits, tokens, searchUnits, modality
    case toolUsePromptTokenCount, candidatesTokenCount, responseTokenCount, thoughtsTokenCount
    case geminiPromptTokenCount, cachedContentTokenCount, geminiPromptTokensDetails, geminiPromptTokenDetails
    case toolUsePromptTokensDetails, cacheTokensDetails, candidatesTokensDetails, responseTokensDetails
    case totalTokenCount, totalToolUseTokens, totalInputTokens, totalCachedTokens, totalThoughtTokens
    case totalOutputTokens, inputTokensByModality, toolUseTokensByModality, cachedTokensByModality
    case outputTokensByModality, groundingToolCount, count, seconds, pagesProcessed, billableCharacterCount, images
    case geminiTokenCount, headerCacheRead, headerCacheWrite, headerInput, metricsInputTokenCount, promptEvalCount
    case promptTokenCount, inputTextTokenCount, inputTokenCount, numTokensPromptTotal, tokenCount, headerOutput
    case metricsOutputTokenCount, evalCount, generationTokenCount, generatedTokenCount, numTokensGenerated
    case converseTotalTokens, serviceTier, geminiServiceTier, trafficType, speed, inferenceGeo, model
    case costInUsdTicks, cost, totalCost, webSearch, numRequests, imageGen

    /// The bit that stands for the key in a summary of an object's keys; some keys share one.
    var bit: UInt64 { 1 << UInt64(rawValue & 63) }

    /// Each key as providers spell it.
    static let names: [(StaticString, UsageKey)] = [
        ("prompt_tokens_details", .promptTokensDetails),
        ("prompt_token_details", .promptTokenDetails),
        ("input_tokens_details", .inputTokensDetails),
        ("completion_tokens_details", .completionTokensDetails),
        ("completion_token_details", .completionTokenDetails),
        ("output_tokens_details", .outputTokensDetails),
        ("prompt_tokens", .promptTokens),
        ("completion_tokens", .completionTokens),
        ("cache_write_tokens", .cacheWriteTokens),
        ("cache_creation_input_tokens", .cacheCreationInputTokens),
        ("cache_creation_tokens", .cacheCreationTokens),
        ("server_tool_use_details", .serverToolUseDetails),
        ("server_tool_use", .serverToolUse),
        ("web_search_requests", .webSearchRequests),
        ("citation_tokens", .citationTokens),
        ("num_search_queries", .numSearchQueries),
        ("reasoning_tokens", .reasoningTokens),
        ("prompt_audio_seconds", .promptAudioSeconds),
        ("billable_audio_seconds", .billableAudioSeconds),
        ("market_cost", .marketCost),
        ("total_tokens", .totalTokens),
        ("cost_details", .costDetails),
        ("is_byok", .isByok),
        ("cached_tokens", .cachedTokens),
        ("prompt_cache_hit_tokens", .promptCacheHitTokens),
        ("num_cached_tokens", .numCachedTokens),
        ("cache_read_input_tokens", .cacheReadInputTokens),
        ("audio_tokens", .audioTokens),
        ("image_tokens", .imageTokens),
        ("video_tokens", .videoTokens),
        ("cached_tokens_details", .cachedTokensDetails),
        ("thinking_tokens", .thinkingTokens),
        ("input_token_details", .inputTokenDetails),
        ("output_token_details", .outputTokenDetails),
        ("input_tokens", .inputTokens),
        ("output_tokens", .outputTokens),
        ("cache_creation", .cacheCreation),
        ("ephemeral_5m_input_tokens", .ephemeral5m),
        ("ephemeral_1h_input_tokens", .ephemeral1h),
        ("iterations", .iterations),
        ("type", .type),
        ("cacheReadInputTokens", .converseCacheReadInputTokens),
        ("cacheReadInputTokenCount", .cacheReadInputTokenCount),
        ("cacheWriteInputTokens", .cacheWriteInputTokens),
        ("cacheWriteInputTokenCount", .cacheWriteInputTokenCount),
        ("inputTokens", .converseInputTokens),
        ("outputTokens", .converseOutputTokens),
        ("cacheDetails", .cacheDetails),
        ("ttl", .ttl),
        ("billed_units", .billedUnits),
        ("tokens", .tokens),
        ("search_units", .searchUnits),
        ("modality", .modality),
        ("toolUsePromptTokenCount", .toolUsePromptTokenCount),
        ("candidatesTokenCount", .candidatesTokenCount),
        ("responseTokenCount", .responseTokenCount),
        ("thoughtsTokenCount", .thoughtsTokenCount),
        ("promptTokenCount", .geminiPromptTokenCount),
        ("cachedContentTokenCount", .cachedContentTokenCount),
        ("promptTokensDetails", .geminiPromptTokensDetails),
        ("promptTokenDetails", .geminiPromptTokenDetails),
        ("toolUsePromptTokensDetails", .toolUsePromptTokensDetails),
        ("cacheTokensDetails", .cacheTokensDetails),
        ("candidatesTokensDetails", .candidatesTokensDetails),
        ("responseTokensDetails", .responseTokensDetails),
        ("totalTokenCount", .totalTokenCount),
        ("total_tool_use_tokens", .totalToolUseTokens),
        ("total_input_tokens", .totalInputTokens),
        ("total_cached_tokens", .totalCachedTokens),
        ("total_thought_tokens", .totalThoughtTokens),
        ("total_output_tokens", .totalOutputTokens),
        ("input_tokens_by_modality", .inputTokensByModality),
        ("tool_use_tokens_by_modality", .toolUseTokensByModality),
        ("cached_tokens_by_modality", .cachedTokensByModality),
        ("output_tokens_by_modality", .outputTokensByModality),
        ("grounding_tool_count", .groundingToolCount),
        ("count", .count),
        ("seconds", .seconds),
        ("pages_processed", .pagesProcessed),
        ("billableCharacterCount", .billableCharacterCount),
        ("images", .images),
        ("tokenCount", .geminiTokenCount),
        ("x-amzn-bedrock-cache-read-input-token-count", .headerCacheRead),
        ("x-amzn-bedrock-cache-write-input-token-count", .headerCacheWrite),
        ("x-amzn-bedrock-input-token-count", .headerInput),
        ("inputTokenCount", .metricsInputTokenCount),
        ("prompt_eval_count", .promptEvalCount),
        ("prompt_token_count", .promptTokenCount),
        ("inputTextTokenCount", .inputTextTokenCount),
        ("input_token_count", .inputTokenCount),
        ("num_tokens_prompt_total", .numTokensPromptTotal),
        ("token_count", .tokenCount),
        ("x-amzn-bedrock-output-token-count", .headerOutput),
        ("outputTokenCount", .metricsOutputTokenCount),
        ("eval_count", .evalCount),
        ("generation_token_count", .generationTokenCount),
        ("generated_token_count", .generatedTokenCount),
        ("num_tokens_generated", .numTokensGenerated),
        ("totalTokens", .converseTotalTokens),
        ("service_tier", .serviceTier),
        ("serviceTier", .geminiServiceTier),
        ("trafficType", .trafficType),
        ("speed", .speed),
        ("inference_geo", .inferenceGeo),
        ("model", .model),
        ("cost_in_usd_ticks", .costInUsdTicks),
        ("cost", .cost),
        ("total_cost", .totalCost),
        ("web_search", .webSearch),
        ("num_requests", .numRequests),
        ("image_gen", .imageGen),
    ]
}
