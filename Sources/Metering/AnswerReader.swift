import Accounting

/// Merges the documents of one answer (one of a plain body, one per event of a stream) into what it finally says.
struct AnswerReader: ~Copyable {
    /// What one document was.
    struct Outcome {
        /// It is the one that ends the stream.
        var isTerminal = false
        /// It says that one candidate has ended; others may go on.
        var mayGoOn = false
        /// It is the OpenAI-style chunk that carries nothing but usage.
        var isUsageChunk = false
    }

    /// How much a usage object counts: a running figure gives way to a stated one, which gives way to a final one.
    private enum Rank: UInt8 { case none, running, stated, final }

    var scanner = AnswerScanner()
    /// The merged usage object as text; empty when none was seen.
    private(set) var usage: [UInt8] = []
    private var rank = Rank.none
    private(set) var loose = LooseCounts()
    private(set) var toolUsage: [UInt8] = []
    private(set) var tallies = Tallies()
    private(set) var model: [UInt8] = []
    private(set) var id: [UInt8] = []
    private(set) var serviceTier: [UInt8] = []
    /// The sum of a batch's result lines, once there is one.
    private(set) var lines: Usage?
    /// What could not be reconciled in result lines.
    private(set) var lineAnomalies: UInt32 = 0
    /// True when an error object or error event was seen.
    private(set) var failed = false
    /// True when an error came after the last usage.
    private(set) var failedAfterUsage = false
    /// True when the last usage was a running figure that its stream's end would have replaced.
    private(set) var isRunning = false
    /// True when the answer says that its work goes on in the background.
    private(set) var isPending = false
    /// True when a document was not JSON.
    var malformed = false
    /// True when Anthropic's stream began.
    private(set) var isMessageStream = false
    /// True when a terminal document was seen.
    private(set) var sawTerminal = false
    /// True when a usage object was seen that no later one replaces.
    private(set) var sawFinalUsage = false

    /// The bytes that are allocated now.
    var footprint: Int {
        scanner.footprint + usage.capacity + toolUsage.capacity + model.capacity + id.capacity + serviceTier.capacity
    }

    /// Takes in the document that the scanner has read, and makes the scanner ready for the next.
    mutating func endDocument(_ event: EventScanner.Event? = nil, allowsPartial: Bool = false) -> Outcome {
        defer { scanner.reset() }
        var outcome = Outcome()
        if let event, event.isDone {
            sawTerminal = true
            outcome.isTerminal = true
            return outcome
        }
        if event?.isError == true { noteFailure() }
        guard scanner.isStarted else { return outcome }
        guard scanner.state == .done || (allowsPartial && scanner.state != .malformed) else {
            malformed = true
            return outcome
        }
        let type = documentType()
        readNames()
        let hasUsage = scanner.hasAny(AnswerField.usageMask) && readUsage(type)
        if type == .messageStart { isMessageStream = true }
        if scanner.hasAny(AnswerField.looseMask) { readLoose() }
        if scanner.has(.lineUsage) { readLine() }
        if scanner.tallies.mask != 0 { tallies.merge(scanner.tallies) }
        if scanner.hasValue(.error) || type == .error { readError(type, hasUsage) }
        outcome.isTerminal = isTerminal(type)
        outcome.mayGoOn = scanner.hasValue(.finishReason)
        outcome.isUsageChunk =
            scanner.hasChoices && !scanner.hasChoice && scanner.hasValue(.usage) && hasUsage
            && !scanner.hasValue(.error)
        if outcome.isTerminal { sawTerminal = true }
        if hasUsage, outcome.isTerminal || outcome.isUsageChunk { sawFinalUsage = true }
        return outcome
    }

    /// Marks the end of an event stream that says so outside the document.
    mutating func noteTerminal() { sawTerminal = true }

    /// Notes an error told outside a document.
    mutating func noteFailure() {
        failed = true
        failedAfterUsage = true
    }

    private enum DocumentType { case other, messageStart, messageDelta, messageStop, final, running, error }

    private func documentType() -> DocumentType {
        guard scanner.has(.type) else { return .other }
        return scanner.withValue(.type) { type -> DocumentType? in
            if type.equals("\"message_delta\"") { return .messageDelta }
            if type.equals("\"message_start\"") { return .messageStart }
            if type.equals("\"message_stop\"") { return .messageStop }
            if type.equals("\"error\"") { return .error }
            let finals: [StaticString] = [
                "\"response.completed\"", "\"response.incomplete\"", "\"response.failed\"", "\"response.cancelled\"",
                "\"interaction.completed\"", "\"interaction.complete\"", "\"image_generation.completed\"",
                "\"image_edit.completed\"", "\"transcript.text.done\"", "\"speech.audio.done\"", "\"message-end\"",
                "\"stream-end\"",
            ]
            // The other events of a Responses stream are many; one comparison tells most of them apart.
            if type.count < 40, finals.contains(where: { type.equals($0) }) { return .final }
            return type.starts(with: "\"response.".utf8) ? .running : nil
        } ?? .other
    }

    private func isTerminal(_ type: DocumentType) -> Bool {
        if type == .final || type == .messageStop || scanner.hasValue(.finishReason) { return true }
        if scanner.has(.invocationMetrics) { return true }
        return scanner.withValue(.done) { $0.equals("true") } ?? false
    }

    private mutating func readError(_ type: DocumentType, _ hasUsage: Bool) {
        let isEmpty = scanner.withValue(.error) { $0.equals("\"\"") || $0.equals("{}") || $0.equals("false") }
        guard type == .error || isEmpty != true else { return }
        failed = true
        // A failure that states what was used states all of it.
        if !hasUsage { failedAfterUsage = true }
    }
}

extension AnswerReader {
    private mutating func readNames() {
        scanner.copyString(.model, into: &model)
        scanner.copyString(.innerModel, into: &model)
        if id.isEmpty {
            scanner.copyString(.innerID, into: &id)
            if id.isEmpty { scanner.copyString(.id, into: &id) }
        }
        if let isPending = scanner.withValue(.status, Self.isPending) { self.isPending = isPending }
        scanner.copyString(.innerTier, into: &serviceTier)
        guard scanner.has(.serviceTier) else { return }
        // Bedrock says {"type": "priority"}.
        let type = scanner.withValue(.serviceTier) { value -> [UInt8]? in
            guard value.first == Ascii.openBrace else { return nil }
            return JSONTape(value)?.withRoot { root in root[.type].map { Array($0.bytes) } } ?? nil
        }
        if let type { serviceTier = type } else { scanner.copyString(.serviceTier, into: &serviceTier) }
    }

    private static func isPending(_ status: UnsafeRawBufferPointer) -> Bool? {
        status.equals("\"queued\"") || status.equals("\"in_progress\"") || status.equals("\"requires_action\"")
    }

    /// Takes the document's usage object in; true when it has one.
    private mutating func readUsage(_ type: DocumentType) -> Bool {
        if scanner.has(.toolUsage) { _ = scanner.copyObject(.toolUsage, into: &toolUsage) }
        switch type {
        case .messageStart: return take(.messageUsage, .stated)
        case .messageDelta: return takeDelta()
        case .running: return take(.usage, .stated)
        case .final:
            // Cohere's models on Bedrock state theirs beside the event.
            return take(.responseUsage, .final) || take(.interactionUsage, .final) || take(.usage, .final)
                || take(.deltaUsage, .final) || take(.responseMeta, .final) || take(.invocationMetrics, .running)
        default: break
        }
        return take(.usage, .stated) || take(.usageMetadata, .stated) || take(.choiceUsage, .stated)
            || take(.usageInfo, .stated) || take(.interactionUsage, .running) || take(.deltaUsage, .stated)
            || take(.meta, .running) || take(.groqUsage, .running) || take(.invocationMetrics, .running)
            || take(.runningUsage, .running)
    }

    private mutating func take(_ field: AnswerField, _ newRank: Rank) -> Bool {
        guard scanner.has(field), newRank.rawValue >= rank.rawValue else { return false }
        // A chunk that only names the traffic type must not hide the counts of the one before.
        if field == .usageMetadata, !usage.isEmpty,
            scanner.withValue(field, { $0.containsText("okenCount") }) != true
        {
            return false
        }
        guard scanner.copyObject(field, into: &usage) else { return false }
        rank = newRank
        isRunning = newRank == .running && (field == .runningUsage || field == .interactionUsage)
        failedAfterUsage = false
        return true
    }

    private mutating func takeDelta() -> Bool {
        guard !usage.isEmpty else { return take(.usage, .stated) }
        let base = usage
        let merged = scanner.withValue(.usage) { delta in base.withUnsafeBytes { overlay($0, by: delta) } }
        guard let merged, merged.count <= AnswerField.usage.limit else { return false }
        usage = merged
        failedAfterUsage = false
        return true
    }

    private mutating func readLoose() {
        note(.promptEvalCount, "prompt_eval_count")
        note(.evalCount, "eval_count")
        note(.promptTokenCount, "prompt_token_count")
        note(.generationTokenCount, "generation_token_count")
        note(.inputTextTokenCount, "inputTextTokenCount")
        note(.promptTotal, "num_tokens_prompt_total")
        note(.generatedTotal, "num_tokens_generated")
        note(.billableCharacters, "billableCharacterCount")
        let tallies = scanner.tallies
        guard tallies.mask != 0 else { return }
        if tallies.has(.resultTokenCount) { loose.note("tokenCount", tallies.resultTokens) }
        if tallies.has(.resultInputTokens) { loose.note("input_token_count", tallies.resultInputTokens) }
        if tallies.has(.resultGeneratedTokens) { loose.note("generated_token_count", tallies.resultGeneratedTokens) }
        if tallies.has(.embeddingTokenCount) { loose.note("token_count", tallies.embeddingTokens) }
    }

    /// One result of a batch: each has a model of its own, and all are billed.
    private mutating func readLine() {
        var reader = UsageReader(isGoogle: false)
        guard let raw = scanner.withValue(.lineUsage, { reader.read($0) ? Array($0) : nil }) else { return }
        lineAnomalies = lineAnomalies &+ reader.anomalies
        var line = reader.usage
        line.raw = raw
        scanner.copyString(.lineModel, into: &model)
        var sum = lines ?? Usage()
        sum.add(line)
        sum.source = .body
        lines = sum
    }

    private mutating func note(_ field: AnswerField, _ name: StaticString) {
        guard scanner.has(field) else { return }
        if let count = scanner.withValue(field, { JSONNumber.scaled($0, by: 0) }) { loose.note(name, count) }
    }
}

extension UnsafeRawBufferPointer {
    /// True when the bytes are exactly those of an array.
    func equals(_ other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        return other.withUnsafeBytes { other in
            for index in 0..<count where self[index] != other[index] { return false }
            return true
        }
    }

    /// True when a literal occurs anywhere in the bytes.
    func containsText(_ literal: StaticString) -> Bool {
        let length = literal.utf8CodeUnitCount
        guard length > 0, length <= count else { return false }
        for start in 0...(count - length)
        where self[start] == literal.utf8Start[0] && slice(start..<(start + length)).equals(literal) { return true }
        return false
    }
}
