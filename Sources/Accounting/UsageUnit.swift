/// A thing a provider counts and charges for, as one disjoint line of a ``Usage``.
///
/// The lines never overlap: `inputText` leaves out what was read from or written to a cache, `outputText` leaves out
/// reasoning. The one exception is ``inputTool``, a marker for the share of the input that a provider's own tools
/// added; it is inside the input lines and is never summed. Raw values are stored in events: never renumber them.
public enum UsageUnit: UInt8, CaseIterable, Sendable {
    case inputText = 0
    case inputAudio = 1
    case inputImage = 2
    case inputVideo = 3
    /// Cached input that is text or of no stated modality.
    case cacheReadText = 4
    case cacheReadAudio = 5
    case cacheReadImage = 6
    case cacheReadVideo = 7
    /// Cache writes kept for five minutes, and those of no stated lifetime at providers that have lifetimes.
    case cacheWrite5m = 8
    case cacheWrite1h = 9
    /// Cache writes of any other lifetime, such as the thirty minutes of OpenAI.
    case cacheWriteOther = 10
    /// Marker: how much of the input a provider's tools added. Inside the other input lines; not summed.
    case inputTool = 11
    case outputText = 12
    case outputAudio = 13
    case outputImage = 14
    case outputVideo = 15
    case outputReasoning = 16
    case outputCitation = 17
    case requests = 18
    case webSearches = 19
    case fileSearches = 20
    case codeSessions = 21
    case rerankSearches = 22
    case images = 23
    case pages = 24
    /// Audio taken in, in milliseconds.
    case audioInputMilliseconds = 25
    /// Audio given out, in milliseconds.
    case audioOutputMilliseconds = 26
    /// Length of a billed session, in milliseconds.
    case sessionMilliseconds = 27
    case characters = 28
    /// Video given out, in milliseconds.
    case videoOutputMilliseconds = 29

    /// The name in the JSON form: `text` inside `input`, `cache_read` and so on.
    public var name: String {
        switch self {
        case .inputText, .outputText: "text"
        case .inputAudio, .outputAudio: "audio"
        case .inputImage, .outputImage: "image"
        case .inputVideo, .outputVideo: "video"
        case .cacheReadText: "cache_read"
        case .cacheReadAudio: "cache_read_audio"
        case .cacheReadImage: "cache_read_image"
        case .cacheReadVideo: "cache_read_video"
        case .cacheWrite5m: "cache_write_5m"
        case .cacheWrite1h: "cache_write_1h"
        case .cacheWriteOther: "cache_write_other"
        case .inputTool: "tool"
        case .outputReasoning: "reasoning"
        case .outputCitation: "citation"
        case .requests: "requests"
        case .webSearches: "web_searches"
        case .fileSearches: "file_searches"
        case .codeSessions: "code_sessions"
        case .rerankSearches: "rerank_searches"
        case .images: "images"
        case .pages: "pages"
        case .audioInputMilliseconds: "audio_input_ms"
        case .audioOutputMilliseconds: "audio_output_ms"
        case .sessionMilliseconds: "session_ms"
        case .characters: "characters"
        case .videoOutputMilliseconds: "video_output_ms"
        }
    }

    /// Which total a line belongs to.
    public enum Side: Sendable { case input, output, other }

    /// The total this line is part of; `inputTool` is `other`, because it is inside the input lines already.
    public var side: Side {
        switch rawValue {
        case 0...10: .input
        case 12...17: .output
        default: .other
        }
    }
}
