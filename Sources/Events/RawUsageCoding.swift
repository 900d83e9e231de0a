/// A frozen dictionary coding for the raw usage objects of providers.
///
/// The objects repeat a few dozen long keys; with them a record is three times the size it needs. Part of schema
/// versions 1 and 2: entries may never be changed or reordered, a later version may bring another table.
///
/// - `0x80…0xFE` stands for `"key":` of the table below;
/// - `0x0E…0x1F` stands for a newline and 0, 2, 4 … 34 spaces;
/// - `0xFF` makes the next byte literal, for bytes of the two ranges above that are in the text itself;
/// - every other byte is itself.
package enum RawUsageCoding {
    static let keys: [StaticString] = [
        "prompt_tokens", "completion_tokens", "total_tokens", "prompt_tokens_details", "completion_tokens_details",
        "cached_tokens", "audio_tokens", "reasoning_tokens", "accepted_prediction_tokens", "rejected_prediction_tokens",
        "text_tokens", "image_tokens", "input_tokens", "output_tokens", "input_tokens_details", "output_tokens_details",
        "cache_creation_input_tokens", "cache_read_input_tokens", "cache_creation", "ephemeral_5m_input_tokens",
        "ephemeral_1h_input_tokens", "server_tool_use", "web_search_requests", "web_fetch_requests", "service_tier",
        "inference_geo", "speed", "promptTokenCount", "candidatesTokenCount", "totalTokenCount",
        "cachedContentTokenCount", "thoughtsTokenCount", "toolUsePromptTokenCount", "promptTokensDetails",
        "candidatesTokensDetails", "cacheTokensDetails", "toolUsePromptTokensDetails", "modality", "tokenCount",
        "trafficType", "inputTokens", "outputTokens", "totalTokens", "cacheReadInputTokens", "cacheWriteInputTokens",
        "cacheReadInputTokenCount", "cacheWriteInputTokenCount", "serverToolUsage", "cacheDetails", "ttl",
        "billed_units", "tokens", "search_units", "classifications", "images", "prompt_eval_count", "eval_count",
        "prompt_eval_duration", "eval_duration", "total_duration", "load_duration", "prompt_cache_hit_tokens",
        "prompt_cache_miss_tokens", "cost", "cost_details", "upstream_inference_cost", "is_byok", "cost_in_usd_ticks",
        "num_sources_used", "num_server_side_tools_used", "queue_time", "prompt_time", "completion_time", "total_time",
        "video_tokens", "cache_write_tokens", "citation_tokens", "num_search_queries", "search_context_size",
        "input_tokens_cost", "output_tokens_cost", "request_cost", "total_cost", "pages_processed", "doc_size_bytes",
        "prompt_audio_seconds", "seconds", "type", "duration", "characters", "iterations", "cached_tokens_details",
        "audio_input_tokens", "num_cached_tokens", "prompt_token_ids", "model", "usage",
    ]

    private static let lookup = KeyLookup(keys)

    /// Gives the coded form of a text of any bytes to `body`.
    package static func withEncoded<R>(_ text: [UInt8], _ body: (UnsafeRawBufferPointer) -> R) -> R {
        // A byte becomes two at most.
        withUnsafeTemporaryAllocation(byteCount: 2 * text.count, alignment: 1) { out in
            let length = text.withUnsafeBytes { encode($0, into: out) }
            return body(UnsafeRawBufferPointer(rebasing: out[..<length]))
        }
    }

    private static func encode(_ text: UnsafeRawBufferPointer, into out: UnsafeMutableRawBufferPointer) -> Int {
        let lookup = lookup
        var length = 0
        var index = 0
        while index < text.count {
            let byte = text[index]
            if byte == 0x22, let (code, end) = lookup.key(in: text, at: index) {
                out[length] = code
                index = end
            } else if byte == 0x0a {
                var spaces = 0
                while index + 1 + spaces < text.count, spaces < 34, text[index + 1 + spaces] == 0x20 { spaces += 1 }
                out[length] = 0x0e + UInt8(spaces / 2)
                index += 1 + spaces / 2 * 2
            } else {
                if byte >= 0x80 || (0x0e...0x1f).contains(byte) {
                    out[length] = 0xff
                    length += 1
                }
                out[length] = byte
                index += 1
            }
            length += 1
        }
        return length
    }

    /// The text behind a coded form; nil when the form is damaged or the text longer than `limit` bytes.
    package static func decode(_ coded: UnsafeRawBufferPointer, limit: Int) -> [UInt8]? {
        var out: [UInt8] = []
        out.reserveCapacity(min(limit, coded.count * 4))
        var index = 0
        while index < coded.count {
            let byte = coded[index]
            index += 1
            switch byte {
            case 0xff:
                guard index < coded.count else { return nil }
                out.append(coded[index])
                index += 1
            case 0x80...:
                guard Int(byte - 0x80) < keys.count else { return nil }
                out.append(0x22)
                keys[Int(byte - 0x80)].withUTF8Buffer { out.append(contentsOf: $0) }
                out.append(0x22)
                out.append(0x3a)
            case 0x0e...0x1f:
                out.append(0x0a)
                for _ in 0..<(2 * Int(byte - 0x0e)) { out.append(0x20) }
            default: out.append(byte)
            }
            guard out.count <= limit else { return nil }
        }
        return out
    }
}
