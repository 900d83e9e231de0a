internal import Accounting
internal import Events
internal import Ledger
internal import Metering
internal import NIOCore
internal import Settings
internal import Synchronization

extension Exchange {
    /// How long the end of an answer waits for its commit before the client is told that it cannot be had.
    private static let commitPatience: Int64 = 10_000_000_000

    /// Answers in Tollgate's own name.
    func refuse(_ refusal: Refusal, keepsAlive: Bool, outcome: Outcome = .rejected) {
        prepare(refusal, keepsAlive: keepsAlive)
        finish(outcome, ending: .complete)
    }

    /// Renders a refusal as the whole of the answer.
    func prepare(_ refusal: Refusal, keepsAlive: Bool) {
        self.refusal = refusal
        statusSent = UInt16(clamping: refusal.status)
        // What is still to come of a body would be taken for the next request.
        keepsClientAlive = keepsAlive && upload?.isWhole ?? true
        framing = .asReceived
        endsMessage = true
        var out = ByteBufferAllocator().buffer(capacity: 768)
        HeadWriter.writeRefusal(
            refusal,
            body: refusal.body(route.dialect == .auto ? group?.runtime.dialect ?? .auto : route.dialect),
            requestID: id,
            keepsAlive: keepsClientAlive && !loopContext.isDraining,
            clientMinor: clientMinor,
            omitsBody: omitsBody,
            into: &out
        )
        answerHead = out
    }

    /// The answer is at its end: turns what was learnt into an event and waits for its commit.
    func finish(_ outcome: Outcome, ending: BodyEnding) {
        guard phase != .committing, phase != .ended else { return }
        phase = .committing
        self.outcome = outcome
        flush()
        var learnt = meter.take()?.finish(ending) ?? tunnel?.finish(self) ?? ResponseFacts()
        settle(&learnt)
        if learnt.failedInside, outcome == .completed { self.outcome = .upstreamError }
        deadline = loopContext.now() + Self.commitPatience
        record = encodedEvent(learnt)
        loopContext.submit(self, record: record)
    }

    /// Counts what was odd. The usage of a stored answer is billed where it is first stated; reading it again uses nothing.
    private func settle(_ learnt: inout ResponseFacts) {
        let counters = loopContext.counters
        if learnt.anomalies > 0 { counters.usageAnomalies.wrappingAdd(UInt64(learnt.anomalies), ordering: .relaxed) }
        if learnt.unreadable { counters.unreadableAnswers.wrappingAdd(1, ordering: .relaxed) }
        guard learnt.usage.source != .none else { return }
        let isReading = route.operation == .poll || route.operation == .batch
        guard isReading || route.isStored || facts.isStored else { return }
        let group = group?.runtime.name ?? ""
        let answer = learnt.responseID ?? path
        let isNew = counters.billed.withLock { $0.bill(group: group, answer: answer) }
        if isReading, !isNew { learnt.usage = Usage() }
    }

    private func encodedEvent(_ learnt: ResponseFacts) -> [UInt8] {
        let now = loopContext.now()
        var event = RequestCompleted(
            id: id,
            time: time,
            group: group?.runtime.name ?? "",
            provider: group?.runtime.provider ?? ""
        )
        event.client = callerName
        if let head { Marks.read(head, into: &event) }
        event.operation = route.operation.rawValue
        event.dialect = route.dialect.rawValue
        event.path = path.utf8.count <= 256 ? path : Self.storedPath(path)
        event.modelRequested = modelRequested
        event.modelSent = modelSent
        event.modelReported = learnt.model
        event.responseID = learnt.responseID
        event.stream = isStream
        event.status = client == nil && !wroteAnything ? 0 : statusSent
        event.outcome = outcome
        event.error = refusal?.code
        event.totalDuration = (now - started) / 1000
        event.firstByteDuration = firstByteAt.map { ($0 - started) / 1000 }
        event.upstreamDuration = attempts.reduce(0) { $0 + $1.duration }
        event.requestBytes = Int64(requestBytes)
        event.responseBytes = Int64(clamping: received)
        event.attempts = attempts
        event.usage = learnt.usage
        event.normaliser = UsageNormaliser.version
        event.cost = cost(learnt)
        return EventCodec.encode(event)
    }

    private func cost(_ learnt: ResponseFacts) -> Cost {
        if learnt.usage.source == .none {
            // An answer that should have said what it used, but did not, has an unknown cost, not none.
            // Work that goes on in the background is billed where its usage is first read.
            let isBillable =
                route.operation.isMetered && !attempts.isEmpty && outcome != .upstreamError && !learnt.isPending
            return Cost(
                state: isBillable ? .unpriced : .none,
                priceBook: isBillable ? loopContext.prices.pricer.revision : 0
            )
        }
        let aliases = group?.runtime.modelAliases ?? [:]
        return loopContext.prices.cost(
            of: learnt.usage,
            for: PriceQuery(
                provider: group?.runtime.provider ?? "",
                modelReported: learnt.model.map { aliases[$0] ?? $0 },
                modelSent: modelSent.map { aliases[$0] ?? $0 },
                time: time,
                group: group?.runtime.name ?? "",
                client: callerName
            )
        )
    }

    /// The ledger did not commit in time. The event stays on its way into the ledger; the client must not take the
    /// answer for recorded, so it gets an error, or, where the answer has begun, a broken end.
    func commitTimedOut() {
        guard !isCommitted else {
            upstreamOpenAfterCommit = false
            abandonUpstream()
            endAnswer(intact: false)
            return
        }
        if loopContext.table.failurePolicy == .forward {
            committed()
            return
        }
        abandonUpstream()
        held.removeAll()
        let mayAnswer = !wroteAnything && client != nil
        if mayAnswer {
            prepare(
                Refusal(503, "ledger_unavailable", "The ledger could not be written in time.", retryAfter: 5),
                keepsAlive: false
            )
        }
        endAnswer(intact: mayAnswer)
    }

    /// The event is in the ledger: the end of the answer may go.
    func committed() {
        guard phase == .committing else { return }
        isCommitted = true
        slot = nil
        if upstreamOpenAfterCommit {
            release(through: .max)
            flush()
            deadline = loopContext.now() + (tunnel == nil ? group?.runtime.idleTimeout ?? 0 : Tunnel.closePatience)
            connection?.resume()
            return
        }
        endAnswer(intact: endsMessage)
    }

    /// Writes the held end of the answer and lets go of the client.
    ///
    /// - Parameter intact: false when the answer broke off, which the client must be able to see.
    func endAnswer(intact: Bool) {
        guard phase != .ended else { return }
        phase = .ended
        deadline = .max
        loopContext.remove(self)
        loopContext.counters.inFlight.wrappingSubtract(1, ordering: .relaxed)
        group?.runtime.inFlight.wrappingSubtract(1, ordering: .relaxed)
        guard let client else { return }
        self.client = nil
        writeEnd(client, intact: intact)
        client.flush()
        if intact {
            client.exchangeEnded(keepsAlive: keepsClientAlive && framing != .close)
        } else {
            client.exchangeBroke()
        }
    }

    private func writeEnd(_ client: ClientHandler, intact: Bool) {
        self.client = client
        defer { self.client = nil }
        release(through: .max)
        if let head = answerHead {
            answerHead = nil
            client.write(head)
        }
        if intact, framing == .chunked, !omitsBody { client.write(ByteBuffer(staticString: "0\r\n\r\n")) }
    }
}

extension Metering.Operation {
    /// Whether an answer of this operation is expected to say what it used.
    var isMetered: Bool {
        switch self {
        case .chat, .completion, .response, .embedding, .image, .transcription, .speech, .rerank, .realtime, .ocr,
            .video:
            true
        case .other, .moderation, .countTokens, .poll, .batch, .management: false
        }
    }
}
