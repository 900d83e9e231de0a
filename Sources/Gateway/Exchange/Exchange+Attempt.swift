internal import Events
internal import Ledger
internal import Metering
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

extension Exchange {
    private static let discardLimit = 16 * 1024
    private static let discardTime: Int64 = 2_000_000_000
    private static let maximumAttempts = 16
    private static let joinLimit = 16 * 1024
    /// A reused connection that closes within this time of a request was closed before it: later than that the request
    /// may have been worked on, and sending it again could be paid for twice.
    private static let staleTime: Int64 = 1_000_000_000

    var target: UpstreamTarget? {
        guard let group, upstreamIndex < group.runtime.upstreams.count else { return nil }
        return group.runtime.upstreams[upstreamIndex]
    }

    var credential: Credential? {
        guard let group, let index = credentialIndex, index < group.runtime.credentials.count else { return nil }
        return group.runtime.credentials[index]
    }

    /// Tries the next upstream with the next key.
    func startAttempt() {
        guard let group else { return }
        let now = loopContext.now()
        guard
            let upstream = group.nextUpstream(now: now, excluding: triedUpstreams)
                ?? group.nextUpstream(now: now, excluding: [])
        else { return }
        upstreamIndex = upstream
        credentialIndex = group.nextCredential(now: now, excluding: triedCredentials)
        if slot == nil, !claimSlot(group) {
            refuse(
                Refusal(503, "overloaded", "The table of requests in flight is full.", retryAfter: 1),
                keepsAlive: keepsClientAlive
            )
            return
        }
        attemptStarted = now
        answerStatus = nil
        // A connection that went stale while idle would cost an upload its only attempt.
        connect(fresh: upload != nil)
    }

    private func connect(fresh: Bool) {
        guard let group else { return }
        attemptNumber += 1
        phase = .connecting
        deadline = loopContext.now() + group.runtime.connectTimeout
        group.pools[upstreamIndex].connect(self, fresh: fresh || opensWebSocket)
    }

    /// Leaves a trace that survives kill -9 before anything goes upstream.
    private func claimSlot(_ group: LoopGroup) -> Bool {
        let started = RequestStarted(
            id: id,
            time: time,
            group: group.runtime.name,
            client: callerName,
            provider: group.runtime.provider,
            operation: route.operation.rawValue,
            // A slot has little room, and the event will have the whole name.
            model: modelRequested.map { String(decoding: $0.utf8.prefix(96), as: UTF8.self) } ?? ""
        )
        slot = loopContext.ledger.inFlight.claim(lane: loopContext.lane, record: EventCodec.encode(started))
        return slot != nil
    }

    /// Whether a connection that has just opened is still wanted.
    func isConnecting(attempt: Int) -> Bool { phase == .connecting && attemptNumber == attempt }

    /// A connection is there: sends the request.
    func connected(_ connection: UpstreamHandler, isReused: Bool) {
        guard let head, let target else { return }
        self.connection = connection
        self.isReused = isReused
        phase = .sent
        awaitAnswer()
        // A small body joins the head.
        let joined = body.flatMap { $0.readableBytes <= Self.joinLimit ? $0 : nil }
        var out = connection.spare.take(capacity: head.bytes.readableBytes + 512 + (joined?.readableBytes ?? 0))
        var dropped: [KnownHeader] = []
        if credential != nil {
            dropped = [.authorization, .apiKey, .googleAPIKey, .azureAPIKey, .webSocketProtocol]
        } else {
            // The provider's own credential passes through; the caller's key does not, wherever it stands.
            dropped = callerKeyPlaces
        }
        var changes = HeadWriter.RequestChanges(
            basePath: target.basePath,
            path: path,
            query: query,
            authority: target.authority,
            credential: credential.map { (credentialPlace(target), $0.secret) },
            droppedCredentials: dropped,
            coding: hidesUsageChunk ? .identity : .readable,
            contentLength: upload?.length ?? body.map(\.readableBytes)
                ?? (head.framing == .chunked || head.hasContentLength ? 0 : nil)
        )
        changes.opensWebSocket = opensWebSocket
        HeadWriter.writeRequest(head, changes, into: &out)
        if let joined { out.writeImmutableBuffer(joined) }
        connection.send(
            self,
            head: out,
            body: joined == nil ? body : nil,
            omitsBody: omitsBody,
            bodyFollows: upload != nil
        )
        connection.spare.keep(out)
        // Sending can fail at once, and the attempt be over or another one under way.
        if self.connection === connection, phase == .sent { sendHeldBody() }
    }

    /// The TLS handshake is done; from now on the upstream's own time runs.
    func upstreamReady() {
        awaitAnswer()
    }

    /// Where a provider looks for its key: by dialect, and for Google's and Azure's OpenAI copies by path and host.
    private func credentialPlace(_ target: UpstreamTarget) -> HeadWriter.CredentialPlace {
        if target.host.hasSuffix(".azure.com") || target.host.hasSuffix(".azure-api.net") { return .azureAPIKey }
        switch route.dialect {
        case .anthropic: return .apiKey
        case .gemini: return path.contains("/openai/") ? .bearer : .googleAPIKey
        case .auto, .openai, .bedrock, .cohere, .ollama: return .bearer
        }
    }

    func connectFailed(_ error: any Error) {
        switch error {
        case ChannelError.connectTimeout: attemptFailed(.connectTimeout)
        case is NIOSSLError: attemptFailed(.tls)
        default: attemptFailed(.connect)
        }
    }

    /// The connection closed before the answer was complete.
    func upstreamClosed(error: (any Error)?, receivedAny: Bool) {
        connection = nil
        switch phase {
        case .sent:
            if isReused, !receivedAny, !usedFreeRetry, client != nil,
                loopContext.now() - attemptStarted < Self.staleTime
            {
                // It went stale while idle; the request was never looked at, so this attempt starts over.
                usedFreeRetry = true
                recordAttempt(failure: .cut)
                attemptStarted = loopContext.now()
                connect(fresh: true)
            } else if error is NIOSSLError || error is NIOSSLExtraError || error is BoringSSLError {
                attemptFailed(.tls)
            } else {
                attemptFailed(.cut)
            }
        case .discarding: discardEnded()
        case .relaying: relayBroke(.cut)
        case .tunnelling: tunnelClosed()
        case .committing:
            upstreamOpenAfterCommit = false
            if isCommitted { endAnswer(intact: tunnel != nil) }
        case .receiving, .connecting, .ended: break
        }
    }

    /// The answer breaks the rules of HTTP.
    func upstreamMalformed(_ reason: String) {
        connection = nil
        switch phase {
        case .sent: attemptFailed(.malformed)
        case .discarding: discardEnded()
        case .relaying: relayBroke(.malformed)
        case .committing:
            upstreamOpenAfterCommit = false
            if isCommitted { endAnswer(intact: false) }
        case .receiving, .connecting, .tunnelling, .ended: break
        }
    }

    /// The answer's head is here: relay it, or, when another attempt may do better, read past it.
    func upstreamHead(_ answer: MessageHead) {
        let status = UInt16(clamping: answer.status)
        answerStatus = status
        let now = loopContext.now()
        let failure = FailureClass(status: answer.status)
        if let failure, failure.isRetriable {
            let retryAfter = answer.value(.retryAfter).flatMap { RetryAfter.seconds($0, now: Clock.wallMicroseconds()) }
            if mayRetry(after: failure) {
                phase = .discarding
                deadline = now + Self.discardTime
                discarded.removeAll(keepingCapacity: true)
                discardedFailure = failure
                discardedRetryAfter = retryAfter
                return
            }
            penalise(failure, retryAfter: retryAfter, now: now)
        } else if failure == nil {
            credential?.succeeded()
            target?.succeeded()
        }
        relay(answer, now: now)
    }

    /// Keeps the beginning of an answer that is not passed on, to tell an empty account from a busy one.
    func discard(_ data: ByteBuffer) {
        guard discarded.count < Self.discardLimit else {
            abandonUpstream()
            discardEnded()
            return
        }
        discarded.append(contentsOf: data.readableBytesView)
    }

    /// The discarded answer is over: takes its lesson and tries again.
    func discardEnded() {
        guard phase == .discarding, var failure = discardedFailure else { return }
        abandonUpstream()
        if failure == .rateLimit, discarded.contains(sequence: "insufficient_quota") { failure = .keyFault }
        penalise(failure, retryAfter: discardedRetryAfter, now: loopContext.now())
        recordAttempt(failure: failure.attemptFailure)
        exclude(failure)
        startAttempt()
    }

    /// The attempt came to nothing before an answer began.
    func attemptFailed(_ failure: AttemptFailure) {
        abandonUpstream()
        let retries = mayRetry(after: .upstreamFault)
        recordAttempt(failure: failure)
        target?.failed(now: loopContext.now())
        if retries {
            exclude(.upstreamFault)
            startAttempt()
            return
        }
        guard client != nil else {
            finish(.clientGone, ending: .cut)
            return
        }
        let name = target?.authority ?? "the upstream"
        let refusal =
            switch failure {
            case .connect: Refusal(502, "upstream_unreachable", "Cannot connect to \(name).")
            case .tls:
                Refusal(502, "upstream_tls", "TLS with \(name) failed: its certificate or protocol is not acceptable.")
            case .connectTimeout: Refusal(504, "upstream_connect_timeout", "Connecting to \(name) took too long.")
            case .firstByteTimeout: Refusal(504, "upstream_timeout", "\(name) did not answer in time.")
            case .malformed: Refusal(502, "upstream_malformed", "\(name) sent an answer that is not HTTP.")
            default: Refusal(502, "upstream_closed", "\(name) closed the connection before it answered.")
            }
        refuse(refusal, keepsAlive: keepsClientAlive, outcome: .upstreamError)
    }

    private func mayRetry(after failure: FailureClass) -> Bool {
        guard client != nil, !(upload?.hasBegun ?? false), let group,
            attempts.count - (usedFreeRetry ? 1 : 0) < min(group.runtime.retries, Self.maximumAttempts)
        else { return false }
        switch failure {
        case .clientFault: return false
        case .keyFault, .rateLimit: return group.runtime.credentials.count > triedCredentials.count + 1
        case .upstreamFault: return group.runtime.upstreams.count > triedUpstreams.count + 1
        }
    }

    private func exclude(_ failure: FailureClass) {
        switch failure {
        case .keyFault, .rateLimit: if let index = credentialIndex { triedCredentials.append(index) }
        case .upstreamFault: triedUpstreams.append(upstreamIndex)
        case .clientFault: break
        }
    }

    private func penalise(_ failure: FailureClass, retryAfter: Int64?, now: Int64) {
        switch failure {
        case .clientFault: break
        case .keyFault: credential?.rejected(now: now)
        case .rateLimit: credential?.rateLimited(now: now, retryAfter: retryAfter)
        case .upstreamFault: target?.failed(now: now)
        }
    }

    /// Adds the current attempt to the event.
    func recordAttempt(failure: AttemptFailure?) {
        guard let target else { return }
        attempts.append(
            Attempt(
                upstream: target.authority,
                key: credential?.id,
                status: answerStatus,
                failure: failure,
                duration: (loopContext.now() - attemptStarted) / 1000
            )
        )
    }
}

extension MessageHead {
    /// Whether the message states the length of its body.
    var hasContentLength: Bool { fields.contains { $0.known == .contentLength } }
}

extension [UInt8] {
    /// Whether a text occurs in the bytes.
    func contains(sequence text: StaticString) -> Bool {
        let length = text.utf8CodeUnitCount
        guard count >= length else { return false }
        return withUnsafeBytes { bytes in
            (0...(bytes.count - length)).contains { start in
                UnsafeRawBufferPointer(rebasing: bytes[start..<start + length]).equalsLowercase(text)
            }
        }
    }
}
