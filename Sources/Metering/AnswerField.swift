/// A member of an answer document that metering looks at, wherever it stands.
package enum AnswerField: UInt8 {
    case none = 0
    // Usage objects.
    case usage, usageMetadata, usageInfo, meta, messageUsage, responseUsage, responseMeta, interactionUsage
    case runningUsage, deltaUsage, groqUsage, choiceUsage, invocationMetrics, toolUsage
    // Names.
    case model, innerModel, id, innerID, type, serviceTier, innerTier, status
    // Presence.
    case error, finishReason, done, bytes
    // Counts that stand at the top level or in a list, without a usage object.
    case promptEvalCount, evalCount, promptTokenCount, generationTokenCount, inputTextTokenCount
    case promptTotal, generatedTotal, billableCharacters
    case resultTokenCount, resultInputTokens, resultGeneratedTokens, embeddingTokenCount
    // Things counted by their number.
    case outputType, searchQuery, image
    // A line of a batch's results.
    case lineUsage, lineModel
    // What only sessions say.
    case sessionModel, transcriptionModel, turnEnd, turnContent

    /// How many fields there are, ``none`` included.
    static let count = Int(AnswerField.turnContent.rawValue) + 1

    /// True when the values are elements of lists, which are counted or summed as they pass.
    var isTallied: Bool {
        switch self {
        case .resultTokenCount, .resultInputTokens, .resultGeneratedTokens, .embeddingTokenCount, .outputType,
            .searchQuery, .image:
            true
        default: false
        }
    }

    /// The most bytes of the value that are kept; a longer value counts as present but unread.
    var limit: Int {
        switch self {
        case .usage, .usageMetadata, .usageInfo, .meta, .messageUsage, .responseUsage, .responseMeta,
            .interactionUsage, .runningUsage, .deltaUsage, .groqUsage, .choiceUsage, .invocationMetrics, .toolUsage,
            .lineUsage:
            64 * 1024
        case .model, .innerModel, .id, .innerID, .lineModel, .sessionModel, .transcriptionModel:
            RequestFacts.modelLimit + 2
        case .bytes: 1024 * 1024
        case .error: 8
        case .searchQuery, .image, .finishReason, .turnContent: 0
        default: 72
        }
    }

    /// The bits of the usage objects.
    static let usageMask: UInt64 = (1 << UInt64(AnswerField.toolUsage.rawValue + 1)) - 2
    /// The bits of the counts without a usage object.
    static let looseMask: UInt64 =
        (1 << UInt64(AnswerField.embeddingTokenCount.rawValue + 1))
        - (1 << UInt64(AnswerField.promptEvalCount.rawValue))

    /// Where each field stands: keys from the root, `[]` for any element of an array.
    package static let paths: [(String, AnswerField)] = [
        ("usage", .usage), ("usageMetadata", .usageMetadata), ("usage_metadata", .usageMetadata),
        ("usage_info", .usageInfo), ("meta", .meta), ("message/usage", .messageUsage),
        ("response/usage", .responseUsage), ("response/meta", .responseMeta), ("interaction/usage", .interactionUsage),
        ("metadata/usage", .runningUsage), ("metadata/total_usage", .runningUsage), ("delta/usage", .deltaUsage),
        ("x_groq/usage", .groqUsage), ("choices/[]/usage", .choiceUsage),
        ("amazon-bedrock-invocationMetrics", .invocationMetrics),
        ("tool_usage", .toolUsage), ("response/tool_usage", .toolUsage),
        ("model", .model), ("model_id", .model), ("modelVersion", .model), ("model_version", .model),
        ("message/model", .innerModel), ("response/model", .innerModel), ("interaction/model", .innerModel),
        ("id", .id), ("responseId", .id), ("response_id", .id), ("request_id", .id),
        ("message/id", .innerID), ("response/id", .innerID), ("interaction/id", .innerID),
        ("type", .type), ("event_type", .type),
        ("service_tier", .serviceTier), ("serviceTier", .serviceTier),
        ("response/service_tier", .innerTier), ("interaction/service_tier", .innerTier),
        ("status", .status), ("error", .error), ("response/error", .error),
        ("candidates/[]/finishReason", .finishReason), ("done", .done), ("bytes", .bytes),
        ("result/message/usage", .lineUsage), ("result/message/model", .lineModel),
        ("prompt_eval_count", .promptEvalCount), ("eval_count", .evalCount),
        ("prompt_token_count", .promptTokenCount), ("generation_token_count", .generationTokenCount),
        ("inputTextTokenCount", .inputTextTokenCount),
        ("num_tokens_prompt_total", .promptTotal), ("num_tokens_generated", .generatedTotal),
        ("metadata/billableCharacterCount", .billableCharacters),
        ("results/[]/tokenCount", .resultTokenCount), ("results/[]/input_token_count", .resultInputTokens),
        ("results/[]/generated_token_count", .resultGeneratedTokens), ("input_token_count", .resultInputTokens),
        ("predictions/[]/embeddings/statistics/token_count", .embeddingTokenCount),
        ("output/[]/type", .outputType), ("response/output/[]/type", .outputType),
        ("candidates/[]/groundingMetadata/webSearchQueries/[]", .searchQuery),
        ("data/[]/b64_json", .image), ("data/[]/url", .image), ("predictions/[]/bytesBase64Encoded", .image),
        ("images/[]", .image), ("artifacts/[]/base64", .image),
    ]

    /// Where the fields stand in the messages of a websocket session, in both directions.
    static let sessionPaths: [(String, AnswerField)] = [
        ("type", .type), ("error", .error),
        ("usage", .usage), ("response/usage", .responseUsage), ("response/tool_usage", .toolUsage),
        ("usageMetadata", .usageMetadata), ("usage_metadata", .usageMetadata),
        ("model", .model), ("response/model", .innerModel), ("response/id", .innerID),
        ("response/service_tier", .innerTier), ("response/output/[]/type", .outputType),
        ("session/model", .sessionModel), ("setup/model", .sessionModel),
        ("session/input_audio_transcription/model", .transcriptionModel),
        ("session/audio/input/transcription/model", .transcriptionModel),
        ("serverContent/turnComplete", .turnEnd), ("server_content/turn_complete", .turnEnd),
        ("serverContent/modelTurn", .turnContent), ("server_content/model_turn", .turnContent),
        ("toolCall", .turnContent), ("tool_call", .turnContent),
    ]
}
