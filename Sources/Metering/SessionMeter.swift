import Accounting

/// Reads the messages of one websocket session as they pass and sums what its turns used.
///
/// Knows OpenAI's realtime API and its copies, the Responses API over a websocket, and Gemini Live. Feed it the
/// payloads of text and of binary messages (Gemini sends JSON in both), unmasked and not compressed; a message that is
/// no JSON is passed over. Memory is constant however long the session or a message is. Confined to one thread or
/// event loop at a time.
public struct SessionMeter: ~Copyable {
    private var server = AnswerScanner(.session)
    private var client = AnswerScanner(.session)
    private var usage = Usage()
    private var anomalies: UInt32 = 0
    private var turns: Int64 = 0
    private var modelAsked: [UInt8] = []
    private var modelServed: [UInt8] = []
    private var transcriber: [UInt8] = []
    private var lastID: [UInt8] = []
    /// Gemini Live's figure of the turn that is under way.
    private var pending: Usage?
    /// True when the turn that ``pending`` belongs to was ended.
    private var isPendingEnded = false
    /// True when a turn has begun and did not end.
    private var isTurnOpen = false
    private var failedAfterTurn = false
    private var sawMalformed = false

    /// The most different models whose work beside the session's own is kept apart.
    private static let additionalLimit = 16

    /// A meter for one session.
    public init() {}

    /// Reads the next piece of a message from the client; `final` when it is the message's last.
    public mutating func consume(clientMessage bytes: UnsafeRawBufferPointer, final: Bool) {
        _ = client.consume(bytes)
        guard final else { return }
        if client.state == .done {
            // OpenAI names the model in `session.update` or `response.create`, Gemini in its setup message.
            client.copyString(.sessionModel, into: &modelAsked)
            client.copyString(.model, into: &modelAsked)
            client.copyString(.innerModel, into: &modelAsked)
            client.copyString(.transcriptionModel, into: &transcriber)
        }
        client.reset()
    }

    /// Reads the next piece of a message from the provider; `final` when it is the message's last.
    public mutating func consume(serverMessage bytes: UnsafeRawBufferPointer, final: Bool) {
        _ = server.consume(bytes)
        guard final else { return }
        if server.state == .done { endMessage() } else if server.isStarted { sawMalformed = true }
        server.reset()
    }

    /// Ends the reading and says what was learnt. A session has no end of its own, so only a turn under way is missed.
    public consuming func finish() -> SessionFacts {
        let isOpen = isTurnOpen || (pending != nil && !isPendingEnded)
        commitPending()
        var facts = SessionFacts()
        facts.turns = turns
        facts.modelRequested = decodedName(modelAsked, limit: RequestFacts.modelLimit)
        facts.answer.model = decodedName(modelServed, limit: RequestFacts.modelLimit)
        facts.answer.responseID = decodedName(lastID, limit: RequestFacts.modelLimit)
        facts.answer.failedInside = failedAfterTurn && turns == 0
        facts.answer.sawTerminal = turns > 0 && !isOpen
        facts.answer.unreadable = sawMalformed && usage.source == .none
        facts.answer.anomalies = anomalies
        if usage.source != .none {
            usage.complete = !isOpen
            usage.source = isOpen ? .streamPartial : .stream
        }
        usage.closeRaw()
        facts.answer.usage = usage
        return facts
    }
}

extension SessionMeter {
    private enum MessageType { case other, turnStart, turnEnd, transcription, error }

    private func messageType() -> MessageType {
        server.withValue(.type) { type -> MessageType? in
            if type.equals("\"error\"") { return .error }
            if type.equals("\"conversation.item.input_audio_transcription.completed\"") { return .transcription }
            guard type.starts(with: "\"response.".utf8) else { return nil }
            if type.equals("\"response.created\"") { return .turnStart }
            let ends: [StaticString] = [
                "\"response.done\"", "\"response.completed\"", "\"response.incomplete\"", "\"response.failed\"",
                "\"response.cancelled\"",
            ]
            return ends.contains { type.equals($0) } ? .turnEnd : nil
        } ?? .other
    }

    private mutating func endMessage() {
        server.copyString(.sessionModel, into: &modelServed)
        server.copyString(.innerModel, into: &modelServed)
        server.copyString(.transcriptionModel, into: &transcriber)
        switch messageType() {
        case .turnStart: isTurnOpen = true
        case .turnEnd: endTurn()
        case .transcription: addTranscription()
        case .error: failedAfterTurn = true
        case .other:
            if server.hasValue(.error) { failedAfterTurn = true }
            readLive()
        }
    }

    /// One turn of an OpenAI session: its usage is final.
    private mutating func endTurn() {
        isTurnOpen = false
        failedAfterTurn = false
        turns &+= 1
        server.copyString(.innerID, into: &lastID)
        // xAI leaves the response's own usage empty and states it beside the response.
        guard var turn = turn(.responseUsage) ?? turn(.usage) else { return }
        if let tier = server.withValue(.innerTier, { $0.first == Ascii.quote ? decodeJSONString($0.content) : nil }) {
            turn.serviceTier = tier
        }
        add(turn)
    }

    /// The usage of a message, with the fees that its output says; nil when it states none.
    private mutating func turn(_ field: AnswerField) -> Usage? {
        var reader = UsageReader(isGoogle: field == .usageMetadata)
        let raw = server.withValue(field) { bytes -> [UInt8]? in reader.read(bytes) ? Array(bytes) : nil }
        let tools = server.withValue(.toolUsage) { Array($0) } ?? []
        let hasUnits = reader.addUnits(server.tallies, toolUsage: tools, countsImages: false)
        guard raw != nil || (hasUnits && field == .usage) else { return nil }
        anomalies = anomalies &+ reader.anomalies
        var turn = reader.usage
        turn.raw = raw ?? []
        return turn
    }

    /// Gemini Live: a figure belongs to the turn under way; one with the same prompt is a newer state of it.
    private mutating func readLive() {
        if server.has(.usageMetadata), let newer = turn(.usageMetadata), !newer.counts.isEmpty {
            if let known = pending, isPendingEnded || known.counts.total(.input) != newer.counts.total(.input) {
                commitPending()
            }
            pending = newer
            // A figure that follows the end of its turn belongs to that turn.
            isPendingEnded = !isTurnOpen
        }
        if server.hasValue(.turnContent) {
            if isPendingEnded { commitPending() }
            isTurnOpen = true
            isPendingEnded = false
        }
        if server.withValue(.turnEnd, { $0.equals("true") }) ?? false {
            turns &+= 1
            isTurnOpen = false
            isPendingEnded = true
        }
    }

    private mutating func commitPending() {
        if let turn = pending { add(turn) }
        pending = nil
        isPendingEnded = false
    }

    private mutating func add(_ turn: Usage) {
        usage.add(turn)
        usage.source = .stream
    }

    /// The transcription of what a person said is billed at the transcribing model's price.
    private mutating func addTranscription() {
        guard let work = turn(.usage) else { return }
        let model = decodedName(transcriber, limit: RequestFacts.modelLimit)
        usage.source = .stream
        if let index = usage.additional.firstIndex(where: { $0.model == model }) {
            work.counts.forEach { usage.additional[index].counts.add($1, to: $0) }
        } else if usage.additional.count < Self.additionalLimit {
            usage.additional.append(.init(model: model, counts: work.counts))
        } else {
            anomalies = anomalies &+ 1
        }
    }
}

extension UnsafeRawBufferPointer {
    /// The bytes of a JSON string between its quotes.
    var content: UnsafeRawBufferPointer { count >= 2 ? slice(1..<(count - 1)) : slice(0..<0) }
}
