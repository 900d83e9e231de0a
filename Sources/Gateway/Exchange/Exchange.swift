internal import Accounting
internal import Events
internal import Ledger
internal import Metering
internal import NIOCore
internal import Synchronization

/// One request from its head to the commit of its event: the client's and the upstream's ends meet here.
///
/// Confined to one event loop. The two connections call in; what is to be done follows from `phase`. How requests are
/// read, tried, relayed and recorded stands in the extensions beside this file.
final class Exchange {
    enum Phase {
        /// The request is still arriving.
        case receiving
        /// Waiting for a connection to the upstream.
        case connecting
        /// The request is out, its answer has not begun.
        case sent
        /// The answer is a failure that another attempt may mend: read on, but not passed on.
        case discarding
        /// The answer passes through.
        case relaying
        /// The connection has become a websocket's, and its bytes pass in both directions.
        case tunnelling
        /// The answer is at its end, its event on the way into the ledger.
        case committing
        case ended
    }

    let loopContext: LoopContext
    let head: MessageHead?
    let id: RequestID
    /// When the request's head was there, on the wall and in monotonic nanoseconds.
    let time: Int64
    let started: Int64
    var client: ClientHandler?
    var listIndex = 0
    var deadline: Int64 = .max
    var phase = Phase.receiving

    // The request
    var group: LoopGroup?
    var callerName = ""
    /// The kinds of fields that hold a key of a caller of this gateway.
    var callerKeyPlaces: [KnownHeader] = []
    var route = Route()
    var facts = RequestFacts()
    var path = ""
    var query: String?
    var modelRequested: String?
    var modelSent: String?
    var body: ByteBuffer?
    var upload: Upload?
    var requestBytes = 0
    var hidesUsageChunk = false
    var refusalBeforeBody: Refusal?
    var keepsClientAlive = false
    var clientMinor: UInt8 = 1
    var omitsBody = false
    /// Let through without an event for want of disk space, because the operator prefers that to an outage.
    var isUnrecorded = false

    // The attempts
    var slot: InFlightSlot?
    var attempts: [Attempt] = []
    var attemptNumber = 0
    var attemptStarted: Int64 = 0
    var triedUpstreams: [Int] = []
    var triedCredentials: [Int] = []
    var upstreamIndex = 0
    var credentialIndex: Int?
    var connection: UpstreamHandler?
    var isReused = false
    var usedFreeRetry = false
    var answerStatus: UInt16?
    var discarded: [UInt8] = []
    var discardedFailure: FailureClass?
    var discardedRetryAfter: Int64?

    // The answer
    var meter: ResponseMeter?
    var isStream = false
    var holdsLastSlice = false
    var answerHead: ByteBuffer?
    var framing = HeadWriter.ResponseFraming.asReceived
    var held: [HeldSlice] = []
    var received: UInt64 = 0
    var decided: UInt64 = 0
    var dropped: Range<UInt64>?
    var terminal: UInt64?
    var firstByteAt: Int64?
    var statusSent: UInt16 = 0
    var wroteAnything = false
    var needsFlush = false
    var endsMessage = false
    var drainStarted: Int64?
    var drainedBytes = 0

    // The websocket
    var opensWebSocket = false
    var tunnel: Tunnel?
    var turns: Int64 = 0

    // The end
    var facted = ResponseFacts()
    var refusal: Refusal?
    var outcome = Outcome.completed
    var record: [UInt8] = []
    var isCommitted = false
    /// True when the stream's terminal event is held while the upstream keeps the message open.
    var commitsEarly = false
    var upstreamOpenAfterCommit = false

    /// A piece of the answer that may not yet go to the client.
    struct HeldSlice {
        var start: UInt64
        var bytes: ByteBuffer
    }

    /// - Parameter head: nil when the request's head could not be read.
    init(_ loopContext: LoopContext, client: ClientHandler, head: MessageHead?) {
        self.loopContext = loopContext
        self.client = client
        self.head = head
        time = Clock.wallMicroseconds()
        started = loopContext.now()
        id = RequestID.make(timeMicroseconds: time, random: loopContext.nextRandom())
        clientMinor = head?.minorVersion ?? 1
        keepsClientAlive = head?.keepsAlive ?? false
        loopContext.add(self)
        loopContext.counters.inFlight.wrappingAdd(1, ordering: .relaxed)
    }

    /// How much may stand behind a stream's terminal event before the upstream is no longer read from.
    private static let heldLimit = 1024 * 1024

    /// A piece costs memory of its own, however short it is.
    private static let sliceCost = 256

    private var heldBytes: Int { held.reduce(0) { $0 + $1.bytes.readableBytes + Self.sliceCost } }

    /// Whether the upstream should read on: not while the client is slow, nor after the end.
    var wantsMore: Bool {
        if terminal != nil, heldBytes > Self.heldLimit { return false }
        return clientTakesMore
    }

    private var clientTakesMore: Bool {
        switch phase {
        case .relaying, .tunnelling: client?.isWritable ?? true
        case .committing where tunnel != nil: isCommitted && client?.isWritable ?? true
        case .committing: upstreamOpenAfterCommit ? client?.isWritable ?? true : true
        default: true
        }
    }

    /// The client takes bytes again.
    func clientCaughtUp() {
        if phase == .relaying, terminal == nil, let group {
            deadline = loopContext.now() + group.runtime.idleTimeout
        }
        connection?.resume()
    }

    /// Acts on the time that ``deadline`` measured.
    func timeOut(now: Int64) {
        deadline = .max
        switch phase {
        case .connecting: attemptFailed(.connectTimeout)
        case .sent where drainStarted != nil: endDrain()
        case .sent:
            if connection?.isReady == false {
                attemptFailed(.connectTimeout)
            } else {
                attemptFailed(.firstByteTimeout)
            }
        case .discarding: discardEnded()
        case .relaying: relayTimedOut(now: now)
        case .tunnelling: tunnelTimedOut()
        case .committing: commitTimedOut()
        case .receiving, .ended: break
        }
    }

    /// The client's connection has closed.
    func clientLeft() {
        client = nil
        switch phase {
        case .receiving:
            // Nothing went upstream and nobody is there to be answered, but the request was made.
            finish(.clientGone, ending: .cut)
        case .sent where drainsAfterClient && upload?.isWhole ?? true: startDrain()
        case .connecting, .sent, .discarding:
            abandonUpstream()
            recordAttempt(failure: .clientGone)
            finish(.clientGone, ending: .cut)
        case .relaying: clientLeftWhileRelaying()
        case .tunnelling: clientLeftWhileTunnelling()
        case .committing:
            guard upstreamOpenAfterCommit else { break }
            upstreamOpenAfterCommit = false
            abandonUpstream()
            if isCommitted { endAnswer(intact: false) }
        case .ended: break
        }
    }

    /// Lets go of the upstream's connection; what it still sends is of no interest.
    func abandonUpstream() {
        let connection = connection
        self.connection = nil
        connection?.abandon()
    }
}
