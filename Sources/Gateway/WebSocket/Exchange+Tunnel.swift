internal import Events
internal import Metering
internal import NIOCore

/// A websocket session between a client and an upstream: the bytes of both directions pass as they are, and a reader
/// looks on.
///
/// One session is one event, written when it ends. What is held for the event's commit is the end of the session as
/// the client sees it: the upstream's close frame, or, where the upstream sends none, the end of the connection. The
/// turns before it have long been passed on; until the session's end a crash makes it `request.interrupted`.
final class Tunnel {
    /// How long either side may take over its part of a closing handshake, in nanoseconds.
    static let closePatience: Int64 = 5_000_000_000

    private var reader: SessionReader? = SessionReader()
    /// Status codes of a close frame by which an upstream says that it failed (RFC 6455 section 7.4.1 and its registry):
    /// an internal error, a restart, too much to do, a bad gateway.
    private static let failureCodes: ClosedRange<UInt16> = 1011...1014

    /// True once the client has begun the closing handshake.
    var clientHasClosed: Bool { reader?.clientHasClosed ?? true }
    /// True once the upstream has sent a whole close frame.
    var serverHasClosed: Bool { reader?.serverHasClosed ?? true }
    /// True when whether there was a closing handshake cannot be told.
    var isUnreadable: Bool { reader?.isBroken ?? false }

    /// True when the upstream ended the session because it failed.
    var upstreamFailed: Bool {
        guard !clientHasClosed, let code = reader?.serverCode else { return false }
        return Self.failureCodes.contains(code)
    }

    func read(client bytes: ByteBuffer) {
        bytes.withUnsafeReadableBytes { reader?.read(client: $0) }
    }

    func read(server bytes: ByteBuffer) -> Int? {
        bytes.withUnsafeReadableBytes { reader?.read(server: $0) ?? nil }
    }

    /// Ends the metering; the second time there is nothing to say.
    func finish(_ exchange: Exchange) -> ResponseFacts? {
        guard let facts = reader.take()?.finish() else { return nil }
        exchange.modelRequested = exchange.modelRequested ?? facts.modelRequested
        exchange.modelSent = exchange.modelSent ?? facts.modelRequested
        exchange.turns = facts.turns
        return facts.answer
    }
}

extension Exchange {
    /// The upstream has opened the websocket: tells the client and lets bytes pass.
    func beginTunnel(_ answer: MessageHead) {
        guard let client else { return }
        phase = .tunnelling
        tunnel = Tunnel()
        route.operation = .realtime
        isStream = true
        statusSent = 101
        answerStatus = 101
        keepsClientAlive = false
        framing = .asReceived
        target?.succeeded()
        credential?.succeeded()
        var out = ByteBufferAllocator().buffer(capacity: answer.bytes.readableBytes + 256)
        HeadWriter.writeWebSocket(answer, requestID: id, into: &out)
        wroteAnything = true
        needsFlush = true
        client.write(out)
        extendTunnel()
        let early = client.beginTunnel()
        if early.readableBytes > 0 { clientTunnelled(early) }
    }

    /// Bytes from the client.
    func clientTunnelled(_ bytes: ByteBuffer) {
        guard let connection, let tunnel, phase == .tunnelling || phase == .committing else { return }
        requestBytes += bytes.readableBytes
        if phase == .tunnelling {
            tunnel.read(client: bytes)
            extendTunnel()
        }
        connection.sendBody(bytes, isLast: false)
    }

    /// Bytes from the upstream.
    func upstreamTunnelled(_ bytes: ByteBuffer) {
        guard phase == .tunnelling, let tunnel else {
            upstreamBody(bytes, isLast: false)
            return
        }
        if firstByteAt == nil { firstByteAt = loopContext.now() }
        let start = received
        received += UInt64(bytes.readableBytes)
        let closeStart = tunnel.read(server: bytes)
        held.append(HeldSlice(start: start, bytes: bytes))
        if terminal == nil, let closeStart { terminal = start + UInt64(closeStart) }
        release(through: terminal ?? .max)
        extendTunnel()
        if tunnel.serverHasClosed { sessionClosed() }
    }

    /// Whether the client should read on: not while the upstream is slow.
    var holdsClientBack: Bool { connection.map { !$0.isWritable } ?? false }

    /// The upstream's close frame is here, and held: the session is over and its facts are final.
    private func sessionClosed() {
        let failed = tunnel?.upstreamFailed ?? false
        upstreamOpenAfterCommit = true
        endsMessage = true
        recordAttempt(failure: failed ? .upstreamStatus : nil)
        finish(failed ? .upstreamError : .completed, ending: .complete)
    }

    /// The upstream has closed the connection.
    func tunnelClosed() {
        guard let tunnel else { return }
        let isOrderly = tunnel.clientHasClosed || tunnel.isUnreadable
        endsMessage = isOrderly
        recordAttempt(failure: isOrderly ? nil : .cut)
        if !isOrderly { target?.failed(now: loopContext.now()) }
        finish(isOrderly ? .completed : .upstreamCut, ending: isOrderly ? .complete : .cut)
    }

    /// Nothing has passed for too long, or a closing handshake does not end.
    func tunnelTimedOut() {
        guard let tunnel else { return }
        abandonUpstream()
        let isOrderly = tunnel.clientHasClosed || terminal != nil
        recordAttempt(failure: isOrderly ? nil : .idleTimeout)
        finish(isOrderly ? .completed : .upstreamCut, ending: isOrderly ? .complete : .cut)
    }

    /// The client's connection has closed. A session has no end to read on for, so the upstream is let go.
    func clientLeftWhileTunnelling() {
        let isOrderly = tunnel?.clientHasClosed ?? false
        held.removeAll()
        abandonUpstream()
        recordAttempt(failure: isOrderly ? nil : .clientGone)
        finish(isOrderly ? .completed : .clientGone, ending: isOrderly ? .complete : .cut)
    }

    private func extendTunnel() {
        let isClosing = terminal != nil || tunnel?.clientHasClosed ?? false
        let idleTimeout = group?.runtime.idleTimeout ?? 0
        deadline = loopContext.now() + (isClosing ? min(Tunnel.closePatience, idleTimeout) : idleTimeout)
    }
}
