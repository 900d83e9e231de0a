import NIOCore

/// Tells when the other side of a connection has said all that it will say.
///
/// Such a side may still read, so the connection stays; but whoever waits for events to come and closes, as one that went
/// away does, is only noticed by this as long as there is nothing to write. Belongs to the connection's event loop.
final class InputEnd: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private var isOver = false
    private var waiting: [() -> Void] = []

    /// Calls `body` at the end, at once where it was before.
    func whenOver(_ body: @escaping () -> Void) {
        if isOver { body() } else { waiting.append(body) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case ChannelEvent.inputClosed? = event as? ChannelEvent { end() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        isOver = true
        let calls = waiting
        waiting = []
        for call in calls { call() }
    }
}
