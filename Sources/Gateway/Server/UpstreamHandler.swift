internal import NIOCore
internal import NIOSSL
internal import NIOTLS

/// The upstream's end of an exchange: reads answers off one connection and hands their pieces to the exchange.
final class UpstreamHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    weak var pool: UpstreamPool?
    var idleSince: Int64 = 0
    /// True once the TLS handshake is done, or at once without TLS.
    private(set) var isReady: Bool

    private var context: ChannelHandlerContext?
    private var exchange: Exchange?
    private var parser: HeadParser
    private var decoder: BodyDecoder?
    private var buffer = ByteBuffer()
    /// For what is written to the upstream.
    var spare = SpareBuffer()
    private var keepsAlive = false
    private var omitsBody = false
    /// True once the connection is a websocket's.
    private var isTunnel = false
    private var requestIsOut = true
    private var receivedAny = false
    private var failure: (any Error)?
    /// True when the connection was closed beneath TLS, which anyone on the way can do.
    private var endsUnseen = false
    private var isClosed = false
    private var readIsHeld = false

    init(headLimit: Int, isSecure: Bool) {
        parser = HeadParser(.response, limit: headLimit)
        isReady = !isSecure
    }

    /// Whether another request may be sent.
    var isUsable: Bool { !isClosed && context?.channel.isActive ?? false }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    /// Whether the upstream takes more bytes without their piling up here.
    var isWritable: Bool { context?.channel.isWritable ?? false }

    /// Sends a request; its answer goes to `exchange`.
    ///
    /// - Parameter bodyFollows: whether the body comes piece by piece through ``sendBody(_:isLast:)``.
    func send(_ exchange: Exchange, head: ByteBuffer, body: ByteBuffer?, omitsBody: Bool, bodyFollows: Bool) {
        guard let context else {
            exchange.upstreamClosed(error: nil, receivedAny: false)
            return
        }
        self.exchange = exchange
        self.omitsBody = omitsBody
        receivedAny = false
        decoder = nil
        guard let body else {
            requestIsOut = !bodyFollows
            context.writeAndFlush(wrapOutboundOut(head), promise: nil)
            return
        }
        // An answer can overtake a large body; the connection is of use again only when the body is out.
        requestIsOut = false
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.requestIsOut = true }
        context.write(wrapOutboundOut(head), promise: nil)
        context.writeAndFlush(wrapOutboundOut(body), promise: written)
    }

    /// Sends a piece of a body that follows its head, or of a websocket.
    func sendBody(_ data: ByteBuffer, isLast: Bool) {
        guard let context else { return }
        guard isLast else {
            context.writeAndFlush(wrapOutboundOut(data), promise: nil)
            return
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        written.futureResult.assumeIsolated().whenSuccess { self.requestIsOut = true }
        context.writeAndFlush(wrapOutboundOut(data), promise: written)
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable { exchange?.upstreamCaughtUp() }
        context.fireChannelWritabilityChanged()
    }

    /// Lets go of the exchange and closes: what still comes is of no interest.
    func abandon() {
        exchange = nil
        close()
    }

    func close() {
        isClosed = true
        context?.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        var incoming = unwrapInboundIn(data)
        receivedAny = true
        guard exchange != nil else {
            // Nothing was asked: bytes here would be taken for the next answer.
            close()
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

    func channelReadComplete(context: ChannelHandlerContext) {
        exchange?.upstreamReadComplete()
    }

    /// Holds reads back while the client is slower than the upstream.
    func read(context: ChannelHandlerContext) {
        if let exchange, !exchange.wantsMore {
            readIsHeld = true
        } else {
            context.read()
        }
    }

    /// Reads on after the client has caught up.
    func resume() {
        guard readIsHeld, let context else { return }
        readIsHeld = false
        context.read()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted(_)? = event as? TLSUserEvent {
            isReady = true
            exchange?.upstreamReady()
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // Peers often close without TLS's own farewell; the framing of the answer tells whether anything is missing.
        if case NIOSSLError.uncleanShutdown = error {
            endsUnseen = true
            return
        }
        failure = failure ?? error
        close()
    }

    func channelInactive(context: ChannelHandlerContext) {
        isClosed = true
        let exchange = exchange
        self.exchange = nil
        if let exchange {
            // Where only the close ends an answer, it has to be the peer's own (RFC 9112 section 9.8).
            if let decoder, decoder.endsAtClose, failure == nil, !endsUnseen {
                exchange.upstreamEnded()
            } else {
                exchange.upstreamClosed(error: failure, receivedAny: receivedAny)
            }
        } else {
            pool?.forget(self)
        }
        context.fireChannelInactive()
    }

    private func process() {
        while let exchange {
            if isTunnel {
                guard buffer.readableBytes > 0 else { return }
                let bytes = buffer
                buffer = ByteBuffer()
                exchange.upstreamTunnelled(bytes)
                return
            }
            if decoder == nil {
                guard readHead(exchange) else { return }
            } else if readBody(exchange) {
                finish(exchange)
                return
            } else {
                return
            }
        }
    }

    /// Reads heads up to the final one; false when more bytes are needed or the answer is broken.
    private func readHead(_ exchange: Exchange) -> Bool {
        do {
            guard let head = try parser.next(&buffer, bodyless: omitsBody) else { return false }
            if exchange.opensWebSocket, head.acceptsWebSocket {
                isTunnel = true
                exchange.beginTunnel(head)
                return true
            }
            if head.status < 200 { return head.status != 101 || refuse(exchange, "an unasked change of protocol") }
            keepsAlive = head.keepsAlive
            let decoder = BodyDecoder(head.framing)
            self.decoder = decoder
            exchange.upstreamHead(head)
            return true
        } catch {
            return refuse(exchange, "\(error)")
        }
    }

    private func refuse(_ exchange: Exchange, _ reason: String) -> Bool {
        self.exchange = nil
        close()
        exchange.upstreamMalformed(reason)
        return false
    }

    /// Hands out the body that has arrived; true at its end.
    private func readBody(_ exchange: Exchange) -> Bool {
        while self.exchange === exchange, decoder != nil {
            switch decoder?.next(&buffer) {
            case .data(let data): exchange.upstreamBody(data, isLast: decoder?.isComplete ?? false)
            case .end: return true
            case .malformed:
                _ = refuse(exchange, "the chunked framing of the answer is broken")
                return false
            case .needsMore, nil: return false
            }
        }
        return false
    }

    private func finish(_ exchange: Exchange) {
        self.exchange = nil
        decoder = nil
        let mayReuse = keepsAlive && requestIsOut && buffer.readableBytes == 0 && isUsable
        if mayReuse { pool?.giveBack(self) } else { close() }
        exchange.upstreamEnded()
    }
}
