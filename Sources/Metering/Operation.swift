/// What a request asks a provider to do. Raw values are stored in events: never renumber them.
public enum Operation: UInt8, Sendable, CaseIterable {
    /// Not recognised; passed through and recorded without usage unless the answer carries a usage object.
    case other = 0
    /// Chat completions, messages, generateContent, converse and the like.
    case chat = 1
    /// OpenAI's legacy text completions and their copies.
    case completion = 2
    /// OpenAI Responses.
    case response = 3
    case embedding = 4
    case image = 5
    case transcription = 6
    case speech = 7
    case moderation = 8
    case rerank = 9
    /// Token counting; never billed.
    case countTokens = 10
    /// A stored answer read again (retrieve, cancel, list); billed once per resource elsewhere.
    case poll = 11
    case batch = 12
    case realtime = 13
    /// Model lists, files and other management calls; nothing to bill.
    case management = 14
    case ocr = 15
    case video = 16

    /// The name in the JSON form and in labels.
    public var name: String {
        switch self {
        case .other: "other"
        case .chat: "chat"
        case .completion: "completion"
        case .response: "response"
        case .embedding: "embedding"
        case .image: "image"
        case .transcription: "transcription"
        case .speech: "speech"
        case .moderation: "moderation"
        case .rerank: "rerank"
        case .countTokens: "count_tokens"
        case .poll: "poll"
        case .batch: "batch"
        case .realtime: "realtime"
        case .management: "management"
        case .ocr: "ocr"
        case .video: "video"
        }
    }
}
