internal import Events
internal import Metering
internal import NIOCore

/// Long request bodies that nobody has to look into go upstream as they arrive.
///
/// Such a request is tried once: after the first byte of its body has gone out there is nothing left to send again.
/// Until a connection is there its body waits, and the client is not read from beyond ``Upload/heldLimit``.
extension Exchange {
    /// How far a body that passes through has come.
    struct Upload {
        /// Bodies up to this length are kept whole instead, so that another key or upstream can be tried.
        static let leastLength = 1024 * 1024
        static let heldLimit = 256 * 1024

        let length: Int
        /// What has arrived and not gone out.
        var held: [ByteBuffer] = []
        var heldBytes = 0
        var hasBegun = false
        var isWhole = false
    }

    /// Starts to pass the body on when its route and its length allow that; false when it is to be collected.
    func beginUpload() -> Bool {
        guard refusalBeforeBody == nil, let head, let group, !route.inspectsBody,
            case .length(let length) = head.framing, length > Upload.leastLength
        else { return false }
        upload = Upload(length: length)
        prepareAttempts(group.runtime)
        startAttempt()
        return true
    }

    /// Whether the client is to be read from: not while the upstream is slower than it.
    var wantsBody: Bool {
        guard let upload else { return true }
        if !upload.hasBegun { return upload.heldBytes < Upload.heldLimit }
        guard let connection else { return true }
        return connection.isReady && connection.isWritable
    }

    /// Passes on a piece of the body, or keeps it until there is a connection. Pieces that come after the answer has
    /// ended the matter are dropped.
    func passUp(_ data: ByteBuffer, isLast: Bool) {
        guard let upload else { return }
        if isLast { self.upload?.isWhole = true }
        if upload.hasBegun {
            connection?.sendBody(data, isLast: isLast)
        } else if phase == .connecting {
            self.upload?.held.append(data)
            self.upload?.heldBytes += data.readableBytes
        }
        if isLast, upload.hasBegun { awaitAnswer() }
    }

    /// Sends what has waited for the connection, behind the request's head.
    func sendHeldBody() {
        guard let upload else { return }
        self.upload?.hasBegun = true
        self.upload?.held.removeAll()
        for (index, data) in upload.held.enumerated() {
            connection?.sendBody(data, isLast: upload.isWhole && index == upload.held.count - 1)
        }
        awaitAnswer()
        client?.bodyMayGoOn()
    }

    /// Sets the time by which the answer must begin. It does not run while the body is on its way: then the client's
    /// own time-out watches over it, or ``bodyIsHeld()``.
    func awaitAnswer() {
        guard phase == .sent, connection?.isReady ?? false, let group else { return }
        deadline = upload?.isWhole ?? true ? loopContext.now() + group.runtime.firstByteTimeout : .max
    }

    /// The client is not read from because the upstream does not take what is there.
    func bodyIsHeld() {
        guard phase == .sent, connection?.isReady ?? false, let group else { return }
        deadline = loopContext.now() + group.runtime.idleTimeout
    }

    /// The upstream takes bytes again.
    func upstreamCaughtUp() {
        if tunnel != nil { client?.resume() }
        guard upload != nil else { return }
        awaitAnswer()
        client?.bodyMayGoOn()
    }

    /// The request's body will not be whole: the client was too slow, or broke its framing.
    ///
    /// An answer that has begun is cut; one that waits for its commit stays what it is.
    func uploadBroke(_ refusal: Refusal) {
        keepsClientAlive = false
        guard phase != .committing, phase != .ended else { return }
        abandonUpstream()
        recordAttempt(failure: .clientGone)
        if wroteAnything {
            finish(.clientGone, ending: .cut)
        } else {
            held.removeAll()
            refuse(refusal, keepsAlive: false)
        }
    }
}
