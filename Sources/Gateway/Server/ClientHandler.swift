internal import NIOCore
internal import Settings
internal import Synchronization

/// The client's end: reads requests off one connection, one after the other, and writes what their exchanges say.
///
/// A pipelined request waits in the buffer until the one before it has been answered.
final class ClientHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        /// Between requests, or within a head.
        case head
        /// Within a request's body, which the exchange collects.
        case body
        /// The exchange is under way.
        case busy
        /// The connection is a websocket's: all bytes go to the exchange as they are.
        case tunnel
        /// Answered for the last time; what still comes is thrown away so that the answer is not lost to a reset.
        case lingering
        case closed
    }

    /// Position in the loop's list of connections, kept up by ``LoopContext``.
    var listIndex = 0
    /// When the connection has been silent too long, in monotonic nanoseconds.
    private(set) var deadline: Int64 = .max

    private let loopContext: LoopContext
    private var context: ChannelHandlerContext?
    private var phase = Phase.head
    private var parser: HeadParser
    private var decoder = BodyDecoder(.none)
    private var buffer = ByteBuffer()
    /// For what is written to the client.
    var spare = SpareBuffer()
    private var exchange: Exchange?
    private var readIsHeld = false
    private var lingered = 0
    /// What was unsent when the idle time last ran out; nil since a request.
    private var unsentBefore: Int?

    /// How much of a next request is buffered while one is under way.
    private static let pipelineLimit = 64 * 1024
    private static let lingerBytes = 64 * 1024 * 1024
    private static let lingerTime: Int64 = 5_000_000_000

    init(_ loopContext: LoopContext) {
        self.loopContext = loopContext
        parser = HeadParser(.request, limit: loopContext.table.limits.headers)
    }

    /// Whether the client takes more bytes without their piling up here.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func channelActive(context: ChannelHandlerContext) {
        loopContext.add(self)
        let counters = loopContext.counters
        let count = counters.clients.wrappingAdd(1, ordering: .relaxed).newValue
        if count > counters.clientLimit.load(ordering: .relaxed) {
            // The files that are left belong to the requests under way and to the ledger.
            close()
        } else {
            startIdleTimer()
        }
        context.fireChannelActive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        if case .lingering = phase {
            lingered += incoming.readableBytes
            if lingered > Self.lingerBytes { close() }
            return
        }
        if case .tunnel = phase {
            exchange?.clientTunnelled(incoming)
            return
        }
        if buffer.readableBytes == 0 {
            buffer = incoming
        } else {
            // Growing a buffer keeps what was read from it, and its indices have 32 bits.
            if buffer.readerIndex > 65536 { buffer.discardReadBytes() }
            buffer.writeBuffer(&incoming)
        }
        process()
        // What was read into can be read into again once nobody refers to it.
        if buffer.readableBytes == 0 { buffer = ByteBuffer() }
    }

    /// Holds reads back while a request is under way and enough of the next one is here; until then a read stays open,
    /// because only a read tells that the client has gone.
    func read(context: ChannelHandlerContext) {
        let isHeld =
            switch phase {
            case .busy: buffer.readableBytes >= Self.pipelineLimit
            case .body: !(exchange?.wantsBody ?? true)
            case .tunnel: exchange?.holdsClientBack ?? false
            case .head, .lingering, .closed: false
            }
        if isHeld {
            readIsHeld = true
            if case .body = phase { exchange?.bodyIsHeld() }
        } else {
            context.read()
        }
    }

    /// Reads on after the upstream has caught up.
    func resume() {
        guard readIsHeld, let context else { return }
        readIsHeld = false
        context.read()
    }

    /// From now on the connection is a websocket's; returns what has come of it so far.
    func beginTunnel() -> ByteBuffer {
        phase = .tunnel
        let early = buffer
        buffer = ByteBuffer()
        resume()
        return early
    }

    /// Called by the exchange when the upstream takes more of the body.
    func bodyMayGoOn() {
        guard readIsHeld, case .body = phase else { return }
        deadline = loopContext.now() + loopContext.table.clientBodyTime
        resume()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.clientCaughtUp() }
        context.fireChannelWritabilityChanged()
    }

    func channelInactive(context: ChannelHandlerContext) {
        phase = .closed
        loopContext.remove(self)
        loopContext.counters.clients.wrappingSubtract(1, ordering: .relaxed)
        let exchange = exchange
        self.exchange = nil
        exchange?.clientLeft()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { close() }

    func write(_ bytes: ByteBuffer) {
        context?.write(wrapOutboundOut(bytes), promise: nil)
    }

    func flush() { context?.flush() }

    func close() {
        context?.close(promise: nil)
    }

    /// Called by the exchange when the whole answer has been written.
    func exchangeEnded(keepsAlive: Bool) {
        exchange = nil
        guard let context, context.channel.isActive else { return }
        guard keepsAlive, !loopContext.isDraining else {
            linger(context)
            return
        }
        phase = .head
        startIdleTimer()
        resume()
        if buffer.readableBytes > 0 { process() }
    }

    /// Called by the exchange when the answer broke off and the client must see that it did.
    func exchangeBroke() {
        exchange = nil
        close()
    }

    /// Closes a connection on which nothing is under way.
    func closeIfIdle() {
        switch phase {
        case .head where buffer.readableBytes == 0: if let context { linger(context) }
        default: break
        }
    }

    /// Acts on the silence that ``deadline`` measured.
    func timeOut() {
        switch phase {
        case .head where buffer.readableBytes == 0 && stillWrites(): startIdleTimer()
        case .head where buffer.readableBytes == 0, .lingering, .closed: close()
        case .head:
            begin(Exchange(loopContext, client: self, head: nil))
            refuse(Refusal(408, "client_timeout", "The request's head did not arrive in time."))
        case .body where readIsHeld: deadline = .max
        case .body:
            refuse(Refusal(408, "client_timeout", "The request's body did not arrive in time."))
        case .busy, .tunnel: deadline = .max
        }
    }

    /// Whether the last answer is still on its way out, and has got further since this was asked before: a client that
    /// reads slowly is not idle.
    private func stillWrites() -> Bool {
        let unsent = (try? context?.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        defer { unsentBefore = unsent }
        return unsent > 0 && unsent < unsentBefore ?? .max
    }

    private func process() {
        while buffer.readableBytes > 0 {
            switch phase {
            case .head:
                guard readHead() else { return }
            case .body:
                guard readBody() else { return }
            case .busy, .tunnel, .closed: return
            case .lingering:
                buffer.clear()
                return
            }
        }
    }

    /// Reads a request's head and starts its exchange; false when more bytes are needed or it was refused.
    private func readHead() -> Bool {
        let head: MessageHead
        do {
            guard let next = try parser.next(&buffer) else { return false }
            head = next
        } catch {
            begin(Exchange(loopContext, client: self, head: nil))
            switch error {
            case .tooLong:
                refuse(
                    Refusal(
                        431,
                        "header_too_large",
                        "The request's head is longer than \(loopContext.table.limits.headers) bytes (limits.headers)."
                    )
                )
            case .tooManyFields:
                refuse(Refusal(431, "header_too_large", "The request's head has more than 256 fields."))
            case .version: refuse(Refusal(505, "http_version", "Only HTTP/1.0 and HTTP/1.1 are spoken here."))
            case .malformed(let reason): refuse(Refusal(400, "malformed_request", "Malformed HTTP request: \(reason)."))
            }
            return false
        }
        let exchange = Exchange(loopContext, client: self, head: head)
        begin(exchange)
        let limit = loopContext.table.limits.requestBody
        if case .length(let length) = head.framing, length > limit {
            refuse(.bodyTooLarge(limit))
            return false
        }
        decoder = BodyDecoder(head.framing)
        exchange.start()
        if case .none = head.framing {
            requestComplete(exchange)
            return true
        }
        phase = .body
        deadline = loopContext.now() + loopContext.table.clientBodyTime
        if exchange.expectsContinue {
            // A body that is not wanted need not be sent.
            if let refusal = exchange.refusalBeforeBody {
                refuse(refusal)
                return false
            }
            sendContinue()
        }
        _ = exchange.beginUpload()
        return true
    }

    /// Collects a request's body; false when more bytes are needed or it was refused.
    private func readBody() -> Bool {
        guard let exchange else { return false }
        switch decoder.next(&buffer) {
        case .data(let data):
            guard exchange.collect(data, isLast: decoder.isComplete) else {
                refuse(.bodyTooLarge(loopContext.table.limits.requestBody))
                return false
            }
            deadline = loopContext.now() + loopContext.table.clientBodyTime
            if decoder.isComplete { requestComplete(exchange) }
            return true
        case .end:
            requestComplete(exchange)
            return true
        case .needsMore: return false
        case .malformed:
            refuse(Refusal(400, "malformed_request", "The chunked framing of the request's body is broken."))
            return false
        }
    }

    private func begin(_ exchange: Exchange) {
        unsentBefore = nil
        self.exchange = exchange
        phase = .busy
        deadline = .max
    }

    private func requestComplete(_ exchange: Exchange) {
        // The answer to a body that passes through can be at its end before the body is.
        guard self.exchange === exchange else { return }
        phase = .busy
        deadline = .max
        exchange.requestComplete()
    }

    /// Refuses before the request was read to its end: where it ends is of no interest any more, so the connection closes.
    private func refuse(_ refusal: Refusal) {
        phase = .busy
        deadline = .max
        if exchange?.upload != nil {
            exchange?.uploadBroke(refusal)
        } else {
            exchange?.refuse(refusal, keepsAlive: false)
        }
    }

    private func linger(_ context: ChannelHandlerContext) {
        phase = .lingering
        lingered = 0
        buffer.clear()
        // The end of an answer may still wait for a slow client; only when it is out does the farewell begin.
        deadline = loopContext.now() + max(Self.lingerTime, loopContext.table.clientIdleTime)
        loopContext.counters.unflushed.wrappingAdd(1, ordering: .relaxed)
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenComplete { _ in
            self.loopContext.counters.unflushed.wrappingSubtract(1, ordering: .relaxed)
            self.deadline = self.loopContext.now() + Self.lingerTime
        }
        context.close(mode: .output, promise: written)
        resume()
    }

    private func sendContinue() {
        write(ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n"))
        flush()
    }

    private func startIdleTimer() {
        deadline = loopContext.now() + loopContext.table.clientIdleTime
    }
}

extension Refusal {
    static func bodyTooLarge(_ limit: Int) -> Refusal {
        Refusal(413, "body_too_large", "The request's body is longer than \(limit) bytes (limits.request_body).")
    }
}
