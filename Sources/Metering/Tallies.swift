/// Sums and counts over the lists of one document.
struct Tallies {
    /// Bit `n` is set when the tally `n` was touched.
    private(set) var mask: UInt8 = 0
    private(set) var searchQueries: Int64 = 0
    private(set) var images: Int64 = 0
    private(set) var resultTokens: Int64 = 0
    private(set) var resultInputTokens: Int64 = 0
    private(set) var resultGeneratedTokens: Int64 = 0
    private(set) var embeddingTokens: Int64 = 0
    private(set) var webSearchCalls: Int64 = 0
    private(set) var fileSearchCalls: Int64 = 0
    private(set) var codeCalls: Int64 = 0
    private(set) var imageCalls: Int64 = 0

    /// Adds a count to the tally of a field, saturating.
    mutating func add(_ count: Int64, to field: AnswerField) {
        switch field {
        case .searchQuery: searchQueries = touch(0, searchQueries, count)
        case .image: images = touch(1, images, count)
        case .resultTokenCount: resultTokens = touch(2, resultTokens, count)
        case .resultInputTokens: resultInputTokens = touch(3, resultInputTokens, count)
        case .resultGeneratedTokens: resultGeneratedTokens = touch(4, resultGeneratedTokens, count)
        case .embeddingTokenCount: embeddingTokens = touch(5, embeddingTokens, count)
        default: break
        }
    }

    /// Counts an item of a Responses output by its type, still quoted.
    mutating func addOutput(type: UnsafeRawBufferPointer) {
        if type.equals("\"web_search_call\"") {
            webSearchCalls = touch(6, webSearchCalls, 1)
        } else if type.equals("\"file_search_call\"") {
            fileSearchCalls = touch(6, fileSearchCalls, 1)
        } else if type.equals("\"code_interpreter_call\"") {
            codeCalls = touch(6, codeCalls, 1)
        } else if type.equals("\"image_generation_call\"") {
            imageCalls = touch(6, imageCalls, 1)
        }
    }

    /// True when the tally of a field was touched.
    func has(_ field: AnswerField) -> Bool {
        switch field {
        case .resultTokenCount: mask & 4 != 0
        case .resultInputTokens: mask & 8 != 0
        case .resultGeneratedTokens: mask & 16 != 0
        case .embeddingTokenCount: mask & 32 != 0
        default: false
        }
    }

    /// Takes the larger of each tally: a stream repeats what it counted before.
    mutating func merge(_ other: Tallies) {
        mask |= other.mask
        searchQueries = max(searchQueries, other.searchQueries)
        images = max(images, other.images)
        resultTokens = max(resultTokens, other.resultTokens)
        resultInputTokens = max(resultInputTokens, other.resultInputTokens)
        resultGeneratedTokens = max(resultGeneratedTokens, other.resultGeneratedTokens)
        embeddingTokens = max(embeddingTokens, other.embeddingTokens)
        webSearchCalls = max(webSearchCalls, other.webSearchCalls)
        fileSearchCalls = max(fileSearchCalls, other.fileSearchCalls)
        codeCalls = max(codeCalls, other.codeCalls)
        imageCalls = max(imageCalls, other.imageCalls)
    }

    /// The sum of a tally and a count, saturating.
    private mutating func touch(_ bit: UInt8, _ tally: Int64, _ count: Int64) -> Int64 {
        mask |= 1 << bit
        let (sum, overflow) = tally.addingReportingOverflow(max(0, count))
        return overflow ? .max : sum
    }
}
