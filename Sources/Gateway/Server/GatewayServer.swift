public import Accounting
internal import Glibc
public import Ledger
public import Logging
internal import NIOCore
internal import NIOPosix
public import Settings
internal import Synchronization

/// The data plane: listens, proxies, meters and records.
///
/// All methods may be called from any thread.
public final class GatewayServer: Sendable {
    private struct State {
        var channel: (any Channel)?
        var port = 0
        var table: RoutingTable
        var pricer: Pricer
        /// The processor time of each loop's thread.
        var clocks: [clockid_t] = []
        var isDrained = false
    }

    private let endpoint: Configuration.Endpoint
    private let group: MultiThreadedEventLoopGroup
    private let loops: [NIOLoopBoundBox<LoopContext>]
    private let eventLoops: [any EventLoop]
    private let counters = GatewayCounters()
    private let ledger: Ledger
    /// Reads which answers were billed before, beside everything else that a start does.
    private let recall: Task<UInt64, Never>
    private let logger: Logger
    private let state: Mutex<State>

    /// Sets everything up, without listening yet.
    ///
    /// - Throws: ``GatewayError`` when a group cannot work as configured.
    public init(
        configuration: Configuration,
        ledger: Ledger,
        pricer: Pricer,
        logger: Logger
    ) throws(GatewayError) {
        let table = try RoutingTable(configuration, previous: nil)
        let counters = counters
        endpoint = configuration.listen
        self.ledger = ledger
        self.logger = logger
        group = MultiThreadedEventLoopGroup(numberOfThreads: Self.threads(configuration))
        var eventLoops: [any EventLoop] = []
        for loop in group.makeIterator() { eventLoops.append(loop) }
        self.eventLoops = eventLoops
        loops = eventLoops.enumerated().map { lane, loop in
            NIOLoopBoundBox.makeBoxSendingValue(
                LoopContext(
                    loop: loop,
                    lane: lane,
                    ledger: ledger,
                    counters: counters,
                    table: table,
                    pricer: pricer
                ),
                eventLoop: loop
            )
        }
        state = Mutex(State(table: table, pricer: pricer))
        recall = Task { await counters.recallBilled(from: ledger) }
    }

    /// Tries whether every group can work as configured, without anything that is to be undone.
    ///
    /// - Throws: ``GatewayError`` that names the group and what it lacks, such as a readable `ca_file`.
    public static func check(_ configuration: Configuration) throws(GatewayError) {
        _ = try RoutingTable(configuration, previous: nil)
    }

    /// How many event loops a configuration asks for: one per core unless it says otherwise.
    public static func threads(_ configuration: Configuration) -> Int {
        configuration.threads > 0 ? min(configuration.threads, 256) : System.coreCount
    }

    /// The port that is listened on; 0 before ``start()``.
    public var port: Int { state.withLock { $0.port } }

    /// Listens and serves.
    ///
    /// - Throws: ``GatewayError`` when the address is not to be had.
    public func start() async throws {
        for (loop, bound) in zip(eventLoops, loops) {
            let clock = try await loop.submit {
                bound.value.activate()
                return Clock.ofThread()
            }.get()
            state.withLock { $0.clocks.append(clock) }
        }
        FileLimit.raise()
        counters.clientLimit.store(FileLimit.clients, ordering: .relaxed)
        let recalled = await recall.value
        let contexts = Dictionary(uniqueKeysWithValues: zip(eventLoops.map { ObjectIdentifier($0) }, loops))
        let bootstrap = ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .serverChannelOption(.maxMessagesPerRead, value: 64)
            .serverChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(AcceptPause())
                }
            }
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: false)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard let bound = contexts[ObjectIdentifier(channel.eventLoop)] else {
                        throw ChannelError.inputClosed
                    }
                    try channel.pipeline.syncOperations.addHandler(ClientHandler(bound.value))
                }
            }
        do {
            let channel = try await bootstrap.bind(host: endpoint.host, port: endpoint.port).get()
            state.withLock {
                $0.channel = channel
                $0.port = channel.localAddress?.port ?? 0
            }
            counters.recallBilled(before: recalled, from: ledger)
        } catch {
            throw GatewayError(
                .listen,
                "cannot listen on \(endpoint.host):\(endpoint.port): \(error). Free the address or change listen."
            )
        }
    }

    /// Serves new requests by another configuration; requests under way go on as they began.
    ///
    /// - Throws: ``GatewayError`` when a group cannot work as configured; nothing changes then.
    public func update(configuration: Configuration) throws(GatewayError) {
        let previous = state.withLock { $0.table }
        let table = try RoutingTable(configuration, previous: previous)
        guard
            state.withLock({ state in
                state.table = table
                return !state.isDrained
            })
        else { return }
        for (loop, bound) in zip(eventLoops, loops) { loop.execute { bound.value.adopt(table) } }
    }

    /// Prices new requests by another book.
    public func update(pricer: Pricer) {
        guard
            state.withLock({ state in
                state.pricer = pricer
                return !state.isDrained
            })
        else { return }
        for (loop, bound) in zip(eventLoops, loops) { loop.execute { bound.value.prices.pricer = pricer } }
    }

    /// The processor time that each event loop has used, in nanoseconds; none before ``start()``.
    public func loopTimes() -> [Int64] { state.withLock { $0.clocks }.map { Clock.read($0) } }

    /// The figures of this moment.
    public func sample() -> GatewaySample {
        let table = state.withLock { $0.table }
        let now = Clock.monotonic()
        var sample = GatewaySample()
        sample.ledgerRefusals = counters.ledgerRefusals.load(ordering: .relaxed)
        sample.usageAnomalies = counters.usageAnomalies.load(ordering: .relaxed)
        sample.unreadableAnswers = counters.unreadableAnswers.load(ordering: .relaxed)
        sample.refusedForLedger = counters.refusedForLedger.load(ordering: .relaxed)
        for group in table.groups.values.sorted(by: { $0.name < $1.name }) {
            sample.requestsInFlight[group.name] = group.inFlight.load(ordering: .relaxed)
            for state in Credential.State.allCases {
                let count = group.credentials.count { $0.state(now: now) == state }
                sample.keys.append(.init(group: group.name, state: state.rawValue, count: count))
            }
            for upstream in group.upstreams {
                sample.upstreams.append(
                    .init(group: group.name, upstream: upstream.authority, isAvailable: upstream.availableAt <= now)
                )
            }
        }
        return sample
    }

    /// Stops listening, lets requests in flight end for at most `limit`, then cuts them and stops the loops. Once.
    public func drain(within limit: Duration) async {
        let (channel, isFirst) = state.withLock { state in
            defer { state.isDrained = true }
            return (state.channel, !state.isDrained)
        }
        guard isFirst else { return }
        try? await channel?.close().get()
        for (loop, bound) in zip(eventLoops, loops) {
            try? await loop.submit { bound.value.drain() }.get()
        }
        await settle(within: limit)
        let left = counters.inFlight.load(ordering: .relaxed)
        if left > 0 {
            logger.warning("cutting requests that outlived the drain time", metadata: ["requests": "\(left)"])
            for (loop, bound) in zip(eventLoops, loops) {
                try? await loop.submit { bound.value.cut() }.get()
            }
            await settle(within: .seconds(5))
        }
        for (loop, bound) in zip(eventLoops, loops) {
            try? await loop.submit { bound.value.recordGap() }.get()
        }
        try? await group.shutdownGracefully()
    }

    /// Waits until no request is in flight and the last answers are out, at most so long.
    private func settle(within limit: Duration) async {
        let end = ContinuousClock.now + limit
        while counters.inFlight.load(ordering: .relaxed) + counters.unflushed.load(ordering: .relaxed) > 0,
            ContinuousClock.now < end
        {
            try? await Task.sleep(for: .milliseconds(20))
        }
    }
}

/// Figures of the data plane at one moment.
public struct GatewaySample: Sendable {
    /// Keys of one group in one state.
    public struct Keys: Sendable {
        /// The group's name.
        public var group: String
        /// `active`, `cooling` or `out`.
        public var state: String
        /// How many.
        public var count: Int
    }

    /// One upstream of a group.
    public struct Upstream: Sendable {
        /// The group's name.
        public var group: String
        /// The upstream's authority.
        public var upstream: String
        /// False while it is passed over after failures.
        public var isAvailable: Bool
    }

    /// Requests between their head and the commit of their event, by group.
    public var requestsInFlight: [String: Int] = [:]
    /// Keys by group and state.
    public var keys: [Keys] = []
    /// Upstreams by group.
    public var upstreams: [Upstream] = []
    /// Events that the ledger did not take at the first try.
    public var ledgerRefusals = 0
    /// Parts of a stated usage that had to be clamped to their whole, and totals that do not reconcile.
    public var usageAnomalies: UInt64 = 0
    /// Answers in a coding or format that metering cannot read.
    public var unreadableAnswers: UInt64 = 0
    /// Requests refused because the ledger could not write.
    public var refusedForLedger = 0

    /// A sample with nothing in it.
    public init() {}
}
