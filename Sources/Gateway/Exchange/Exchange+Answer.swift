internal import Events
internal import Metering
internal import NIOCore

extension Exchange {
    /// How long a stream's terminal event is held for the end of the message before it is committed without it.
    private static let terminalPatience: Int64 = 1_000_000_000

    /// Starts to pass the answer on. Its head waits for the first bytes of the body, to go out in one write with them.
    func relay(_ answer: MessageHead, now: Int64) {
        phase = .relaying
        // Nothing is tried again from here on.
        body = nil
        statusSent = UInt16(clamping: answer.status)
        deadline = drainBound(now + (group?.runtime.idleTimeout ?? 0))
        let contentType = answer.value(.contentType)
        var meter = ResponseMeter(
            route: route,
            request: facts,
            status: answer.status,
            contentType: contentType,
            contentEncoding: answer.value(.contentEncoding),
            hidesUsageChunk: hidesUsageChunk
        )
        for field in answer.fields where field.known == .bedrock {
            meter.header(answer.text(field.name), answer.text(field.value))
        }
        isStream = meter.isStream
        self.meter = consume meter
        switch answer.framing {
        case .none: framing = .asReceived
        // The meter may find a stream where the type names none, and what it hides would be missing from the length.
        case .length where !(hidesUsageChunk && answer.status < 300): framing = .asReceived
        case .length, .chunked, .untilClose: framing = clientMinor == 0 ? .close : .chunked
        }
        if framing == .close || !(upload?.isWhole ?? true) { keepsClientAlive = false }
        // The last slice of a plain body is held. Where its length is not known beforehand, each JSON slice is held
        // until the next one shows that it was not the last; other kinds (audio, files) are passed on at once.
        if case .length = answer.framing {
            holdsLastSlice = false
        } else {
            holdsLastSlice = !isStream && contentType?.contains("json") ?? false
        }
        var out = client?.spare.take(capacity: answer.bytes.readableBytes + 128 + 2048) ?? ByteBuffer()
        HeadWriter.writeResponse(
            answer,
            framing: omitsBody ? .asReceived : framing,
            requestID: id,
            keepsAlive: keepsClientAlive && !loopContext.isDraining,
            clientMinor: clientMinor,
            into: &out
        )
        answerHead = out
    }

    /// A piece of the answer's body, without its framing.
    func upstreamBody(_ data: ByteBuffer, isLast: Bool) {
        switch phase {
        case .discarding:
            discard(data)
            return
        case .committing:
            received += UInt64(data.readableBytes)
            if isCommitted { passOn(data) } else { held.append(HeldSlice(start: received, bytes: data)) }
            return
        case .relaying: break
        case .tunnelling, .receiving, .connecting, .sent, .ended: return
        }
        let now = loopContext.now()
        if firstByteAt == nil { firstByteAt = now }
        let start = received
        received += UInt64(data.readableBytes)
        let verdict = data.withUnsafeReadableBytes { meter?.consume($0) } ?? StreamVerdict(decided: received)
        if !isStream, meter?.isStream ?? false {
            isStream = true
            holdsLastSlice = false
        }
        if let range = verdict.dropped { dropped = range }
        if verdict.terminal == nil {
            terminal = nil
            deadline = now + (group?.runtime.idleTimeout ?? 0)
        } else if terminal != verdict.terminal {
            // Comments and pings behind a stream's terminal event do not put its end off.
            terminal = verdict.terminal
            deadline = now + Self.terminalPatience
        }
        if client == nil {
            drained(data.readableBytes, now: now)
            return
        }
        decided = min(verdict.decided, received)
        held.append(HeldSlice(start: start, bytes: data))
        let holdsThis = isLast || holdsLastSlice
        release(through: min(decided, terminal ?? .max, holdsThis ? start : .max))
    }

    /// Writes the held bytes before a position, leaving out what the client must not see.
    func release(through limit: UInt64) {
        var written = 0
        for index in held.indices {
            let slice = held[index]
            let end = slice.start + UInt64(slice.bytes.readableBytes)
            guard slice.start < limit else { break }
            if end > limit {
                let length = Int(limit - slice.start)
                if let part = held[index].bytes.readSlice(length: length) { passOn(part, from: slice.start) }
                held[index].start = limit
                break
            }
            passOn(slice.bytes, from: slice.start)
            written += 1
        }
        if written > 0 { held.removeFirst(written) }
    }

    /// Writes a slice that starts at a known position, without the part that is dropped.
    private func passOn(_ bytes: ByteBuffer, from start: UInt64) {
        guard let dropped, dropped.overlaps(start..<start + UInt64(bytes.readableBytes)) else {
            passOn(bytes)
            return
        }
        var rest = bytes
        if start < dropped.lowerBound, let before = rest.readSlice(length: Int(dropped.lowerBound - start)) {
            passOn(before)
        }
        let position = max(start, dropped.lowerBound)
        rest.moveReaderIndex(forwardBy: min(rest.readableBytes, Int(dropped.upperBound - position)))
        passOn(rest)
    }

    /// Writes bytes in the framing that the client was promised; small ones join the head or each other in one buffer.
    func passOn(_ bytes: ByteBuffer) {
        guard let client, bytes.readableBytes > 0, !omitsBody else { return }
        needsFlush = true
        wroteAnything = true
        var out = answerHead ?? ByteBuffer()
        let hadHead = answerHead != nil
        answerHead = nil
        if framing == .chunked {
            if !hadHead, bytes.readableBytes <= 4096 {
                out = client.spare.take(capacity: bytes.readableBytes + 16)
            }
            out.writeString(String(bytes.readableBytes, radix: 16))
            out.writeStaticString("\r\n")
        }
        if bytes.readableBytes <= 4096 {
            if out.readableBytes == 0 {
                client.write(bytes)
                return
            }
            out.writeImmutableBuffer(bytes)
            if framing == .chunked { out.writeStaticString("\r\n") }
            client.write(out)
            client.spare.keep(out)
            return
        }
        if out.readableBytes > 0 { client.write(out) }
        client.write(bytes)
        if framing == .chunked { client.write(ByteBuffer(staticString: "\r\n")) }
    }

    /// The upstream has no more for now: what was passed on goes out.
    func upstreamReadComplete() {
        guard phase == .relaying || phase == .tunnelling || phase == .committing && isCommitted else { return }
        if let head = answerHead, held.isEmpty, phase == .relaying, client != nil {
            client?.write(head)
            answerHead = nil
            wroteAnything = true
            needsFlush = true
        }
        flush()
    }

    func flush() {
        guard needsFlush else { return }
        needsFlush = false
        client?.flush()
    }

    /// The answer is complete.
    func upstreamEnded() {
        connection = nil
        switch phase {
        case .discarding: discardEnded()
        case .relaying:
            endsMessage = true
            let failure = answerStatus.flatMap { FailureClass(status: Int($0))?.attemptFailure }
            recordAttempt(failure: failure)
            let outcome: Outcome = client == nil ? .clientGone : failure == nil ? .completed : .upstreamError
            finish(outcome, ending: .complete)
        case .committing:
            upstreamOpenAfterCommit = false
            endsMessage = true
            if isCommitted { endAnswer(intact: true) }
        case .sent: attemptFailed(.cut)
        case .receiving, .connecting, .tunnelling, .ended: break
        }
    }

    /// Time ran out in the middle of the answer: either the upstream fell silent, or a stream that has said all it had
    /// to say is being kept open.
    func relayTimedOut(now: Int64) {
        if client == nil {
            endDrain()
        } else if terminal == nil, !wantsMore {
            // It is the client that takes nothing; the upstream was not even read from.
            clientTookNothing()
        } else if terminal != nil {
            upstreamOpenAfterCommit = true
            recordAttempt(failure: nil)
            finish(.completed, ending: .complete)
        } else {
            relayBroke(.idleTimeout)
        }
    }

    /// The client has not taken anything for as long as an upstream may be silent: as good as gone.
    private func clientTookNothing() {
        abandonUpstream()
        recordAttempt(failure: .clientGone)
        held.removeAll()
        finish(.clientGone, ending: .cut)
    }

    /// The answer broke off. Where nothing of it has gone out yet, the client gets a proper error instead.
    func relayBroke(_ failure: AttemptFailure) {
        abandonUpstream()
        recordAttempt(failure: failure)
        target?.failed(now: loopContext.now())
        if client == nil {
            finish(.clientGone, ending: .cut)
        } else if terminal != nil, failure == .cut {
            // All was said; only the end of the message is missing, and stays missing for the client.
            finish(.completed, ending: .cut)
        } else if wroteAnything {
            finish(.upstreamCut, ending: .cut)
        } else {
            held.removeAll()
            answerHead = nil
            let late = failure == .idleTimeout
            let refusal = Refusal(
                late ? 504 : 502,
                late ? "upstream_timeout" : "upstream_cut",
                "\(target?.authority ?? "The upstream") broke off in the middle of its answer."
            )
            prepare(refusal, keepsAlive: keepsClientAlive)
            finish(.upstreamCut, ending: .cut)
        }
    }

    /// The client left in the middle of the answer: stop spending, or read on for the usage within bounds.
    func clientLeftWhileRelaying() {
        held.removeAll()
        answerHead = nil
        guard drainsAfterClient else {
            abandonUpstream()
            recordAttempt(failure: .clientGone)
            finish(.clientGone, ending: .cut)
            return
        }
        startDrain()
    }

    /// Whether an answer that nobody waits for any more is read on for what it used.
    var drainsAfterClient: Bool { group?.runtime.drains ?? false && !opensWebSocket && !loopContext.isCutting }

    /// The client is gone: from now on the answer is read for its usage alone.
    func startDrain() {
        let now = loopContext.now()
        drainStarted = now
        deadline = drainBound(phase == .sent ? deadline : now + (group?.runtime.idleTimeout ?? 0))
        connection?.resume()
    }

    /// A deadline, or where the reading goes on without a client, the end of its time if that is earlier.
    private func drainBound(_ deadline: Int64) -> Int64 {
        guard let runtime = group?.runtime, let drainStarted else { return deadline }
        return min(deadline, drainStarted + runtime.drainTime)
    }

    private func drained(_ count: Int, now: Int64) {
        guard let runtime = group?.runtime else { return }
        drainedBytes += count
        deadline = drainBound(now + runtime.idleTimeout)
        if drainedBytes > runtime.drainBytes { endDrain() }
    }

    /// Stops reading for the usage alone: its time or its bytes are used up, or the gateway ends.
    func endDrain() {
        guard drainStarted != nil, phase == .sent || phase == .relaying else { return }
        abandonUpstream()
        recordAttempt(failure: .clientGone)
        finish(.clientGone, ending: terminal == nil ? .cut : .complete)
    }
}
