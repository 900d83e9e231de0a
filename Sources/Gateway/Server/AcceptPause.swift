internal import NIOCore

/// Stops a listener from accepting for a moment after the system refused it a connection, most often for want of files.
///
/// The connection that waits keeps the listener readable, so it would be tried again at once, for ever. NIO's own handler
/// for this holds back further reads, but not the one that failed, which stays pending.
final class AcceptPause: ChannelInboundHandler {
    typealias InboundIn = any Channel

    private static let length = TimeAmount.milliseconds(100)
    private var isPausing = false

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        guard error is IOError else {
            context.fireErrorCaught(error)
            return
        }
        let channel = context.channel
        guard !isPausing, let options = channel.syncOptions else { return }
        isPausing = true
        try? options.setOption(.autoRead, value: false)
        context.eventLoop.assumeIsolated().scheduleTask(in: Self.length) {
            self.isPausing = false
            // A listener that was closed meanwhile has no options left to set.
            try? channel.syncOptions?.setOption(.autoRead, value: true)
        }
    }
}
