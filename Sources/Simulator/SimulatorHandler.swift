import NIOCore
import NIOHTTP1

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#elseif canImport(Darwin)
import Darwin
#endif

/// Reads requests of one connection and plays their answers in order. Confined to its event loop.
final class SimulatorHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = ByteBuffer

    /// The largest request body that is read.
    static let bodyLimit = 256 * 1024 * 1024
    /// The most pipelined requests that wait; a client that sends more is cut off.
    static let pipelineLimit = 64

    private let shared: SharedState
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    private var isBench = false
    private var waiting: [(steps: [Script.Step], keepAlive: Bool)] = []
    private var steps: ArraySlice<Script.Step> = []
    private var keepAlive = true
    private var playing = false
    private var connection = 0
    private var open = true

    init(shared: SharedState) { self.shared = shared }

    func channelActive(context: ChannelHandlerContext) { connection = shared.connected() }

    func channelInactive(context: ChannelHandlerContext) {
        open = false
        waiting = []
        steps = []
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            isBench = head.uri.hasPrefix("/bench")
            if head.headers.contains(name: "expect") {
                context.writeAndFlush(
                    wrapOutboundOut(ByteBuffer(string: "HTTP/1.1 100 Continue\r\n\r\n")),
                    promise: nil
                )
            }
        case .body(let bytes):
            guard !isBench else { return }
            guard body.count + bytes.readableBytes <= Self.bodyLimit else {
                context.close(promise: nil)
                return
            }
            body.append(contentsOf: bytes.readableBytesView)
        case .end:
            guard let head else { return }
            self.head = nil
            answer(head, context: context)
            body = []
        }
    }

    private func answer(_ head: HTTPRequestHead, context: ChannelHandlerContext) {
        if isBench, !playing {
            let path = head.uri.prefix { $0 != "?" }
            context.writeAndFlush(wrapOutboundOut(shared.bench.answer(to: path)), promise: nil)
            if !head.isKeepAlive { context.close(promise: nil) }
            return
        }
        guard waiting.count < Self.pipelineLimit else {
            context.close(promise: nil)
            return
        }
        waiting.append((steps(for: head), head.isKeepAlive))
        if !playing { playNext(context: context) }
    }

    private func steps(for head: HTTPRequestHead) -> [Script.Step] {
        let request = IncomingRequest(head: head)
        let serial = shared.received(request.logged(body: body, connection: connection))
        let exchange = Exchange(
            method: request.method,
            path: request.path,
            query: request.query,
            control: head.headers.first(name: "x-sim"),
            body: body,
            serial: serial
        )
        let dialect = exchange?.dialect ?? Exchange.dialect(of: request.path)
        let refuse = { (status: Int, message: String?) in
            let answer = Refusals.answer(
                status,
                dialect: dialect,
                message: message,
                retryAfter: exchange?.controls.retryAfter
            )
            return Script(answer, exchange: exchange).steps
        }
        if let status = request.statusOfKey { return refuse(status, nil) }
        if let keys = shared.keys, !keys.contains(request.credential ?? "") {
            return refuse(401, "The simulator does not know this key.")
        }
        guard let exchange else { return refuse(404, "The simulator has no such path.") }
        let controls = exchange.controls
        let strikes = controls.first.map { shared.strikes(controls.tag, first: $0) } ?? true
        if strikes, let status = controls.status, status != 200 { return refuse(status, nil) }
        return Script(exchange.answer(), exchange: exchange, fault: strikes ? controls.fault : nil).steps
    }

    private func playNext(context: ChannelHandlerContext) {
        playing = false
        guard open, !waiting.isEmpty else { return }
        let next = waiting.removeFirst()
        steps = next.steps[...]
        keepAlive = next.keepAlive
        playing = true
        play(context: context)
    }

    private func play(context: ChannelHandlerContext) {
        while open, let step = steps.popFirst() {
            switch step {
            case .write(let bytes): context.write(wrapOutboundOut(bytes), promise: nil)
            case .wait(let milliseconds):
                context.flush()
                // The context belongs to this loop, and so does the task.
                let context = context
                context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(milliseconds))) {
                    self.play(context: context)
                }
                return
            case .close:
                end(context: context)
                return
            case .reset:
                context.flush()
                // Lingering for no time makes the system send a reset instead of an orderly end.
                let provider = context.channel as? any SocketOptionProvider
                _ = provider?.setSoLinger(linger(l_onoff: 1, l_linger: 0))
                end(context: context)
                return
            case .silence:
                context.flush()
                return
            }
        }
        guard open else { return }
        context.flush()
        if keepAlive { playNext(context: context) } else { end(context: context) }
    }

    private func end(context: ChannelHandlerContext) {
        steps = []
        waiting = []
        open = false
        context.flush()
        context.close(promise: nil)
    }
}
