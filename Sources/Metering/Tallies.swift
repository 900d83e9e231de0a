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
        case .searchQuery: add(count, to: \.searchQueries, bit: 0)
        case .image: add(count, to: \.images, bit: 1)
        case .resultTokenCount: add(count, to: \.resultTokens, bit: 2)
        case .resultInputTokens: add(count, to: \.resultInputTokens, bit: 3)
        case .resultGeneratedTokens: add(count, to: \.resultGeneratedTokens, bit: 4)
        case .embeddingTokenCount: add(count, to: \.embeddingTokens, bit: 5)
        default: break
        }
    }

    /// Counts an item of a Responses output by its type, still quoted.
    mutating func addOutput(type: UnsafeRawBufferPointer) {
        if type.equals("\"web_search_call\"") {
            add(1, to: \.webSearchCalls, bit: 6)
        } else if type.equals("\"file_search_call\"") {
            add(1, to: \.fileSearchCalls, bit: 6)
        } else if type.equals("\"code_interpreter_call\"") {
            add(1, to: \.codeCalls, bit: 6)
        } else if type.equals("\"image_generation_call\"") {
            add(1, to: \.imageCalls, bit: 6)
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

    private mutating func add(_ count: Int64, to path: WritableKeyPath<Tallies, Int64>, bit: UInt8) {
        mask |= 1 << bit
        let (sum, overflow) = self[keyPath: path].addingReportingOverflow(max(0, count))
        self[keyPath: path] = overflow ? .max : sum
    }
}
