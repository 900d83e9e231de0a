internal import Accounting
internal import Events
internal import Ledger
internal import NIOCore
internal import Settings
internal import Synchronization

/// Everything that one event loop keeps for itself, so that no request waits for a lock.
final class LoopContext {
    let loop: any EventLoop
    /// Number of the loop, which is its lane in the ledger's in-flight table.
    let lane: Int
    let ledger: Ledger
    let counters: GatewayCounters
    private(set) var table: RoutingTable
    var prices: PriceCache
    var requestLines = RequestLineCache()
    var isDraining = false
    /// True once requests under way are cut.
    private(set) var isCutting = false

    private var groups: [String: LoopGroup] = [:]
    private var clients: [ClientHandler] = []
    private var active: [Exchange] = []
    /// Exchanges whose event waits for its commit, by token.
    private var waiting: [Exchange?] = []
    private var freeTokens: [UInt64] = []
    /// Exchanges whose event the ledger would not take yet.
    private var refusedByLedger: [Exchange] = []
    /// Requests that were forwarded while the ledger could not be written, and when the first of them started.
    private var gap: (since: Int64, requests: UInt64)?
    private var random: UInt64
    /// Whether the ledger's writer will be woken at the end of the loop's turn.
    private var wakesWriter = false
    private var sink: LoopSink?

    init(
        loop: any EventLoop,
        lane: Int,
        ledger: Ledger,
        counters: GatewayCounters,
        table: RoutingTable,
        pricer: Pricer
    ) {
        self.loop = loop
        self.lane = lane
        self.ledger = ledger
        self.counters = counters
        self.table = table
        prices = PriceCache(pricer)
        var generator = SystemRandomNumberGenerator()
        random = generator.next() | 1
        adopt(table)
    }

    /// Must be called once on the loop before the first request.
    func activate() {
        sink = LoopSink(self)
        scheduleSweep()
    }

    @inline(__always)
    func now() -> Int64 { Clock.monotonic() }

    /// The next number of a splitmix64 sequence that the system's generator seeded.
    func nextRandom() -> UInt64 {
        random &+= 0x9E37_79B9_7F4A_7C15
        var value = random
        value = (value ^ value >> 30) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ value >> 27) &* 0x94D0_49BB_1331_11EB
        return value ^ value >> 31
    }

    func group(named name: String) -> LoopGroup? { groups[name] }

    /// Serves new requests by another table; requests under way keep theirs.
    func adopt(_ table: RoutingTable) {
        self.table = table
        for group in groups.values { for pool in group.pools { pool.retire() } }
        requestLines = RequestLineCache()
        groups = table.groups.mapValues { LoopGroup($0, loop: loop, headLimit: table.limits.headers) }
    }

    // MARK: Connections

    func add(_ client: ClientHandler) {
        client.listIndex = clients.count
        clients.append(client)
    }

    func remove(_ client: ClientHandler) {
        guard client.listIndex < clients.count, clients[client.listIndex] === client else { return }
        let last = clients.removeLast()
        if last !== client {
            clients[client.listIndex] = last
            last.listIndex = client.listIndex
        }
    }

    /// Closes idle connections; those with a request under way close after it.
    func drain() {
        isDraining = true
        for client in clients { client.closeIfIdle() }
    }

    /// Cuts every request under way, as if its client had gone.
    func cut() {
        isCutting = true
        let orphans = active.filter { $0.client == nil }
        for client in clients { client.close() }
        for exchange in orphans { exchange.endDrain() }
    }

    var connectionCount: Int { clients.count }

    // MARK: Exchanges

    func add(_ exchange: Exchange) {
        exchange.listIndex = active.count
        active.append(exchange)
    }

    func remove(_ exchange: Exchange) {
        guard exchange.listIndex < active.count, active[exchange.listIndex] === exchange else { return }
        let last = active.removeLast()
        if last !== exchange {
            active[exchange.listIndex] = last
            last.listIndex = exchange.listIndex
        }
    }

    // MARK: Commit

    /// Hands an event to the ledger; the exchange hears of its commit through ``Exchange/committed()``.
    func submit(_ exchange: Exchange, record: [UInt8]) {
        guard let sink else { return }
        // What little space is left belongs to the requests that began before it ran short.
        if exchange.isUnrecorded, forwards(exchange) { return }
        if exchange.slot == nil, ledger.isShortOfSpace {
            // Nothing went upstream, and refusals must not fill the disk either.
            loop.assumeIsolated().execute { exchange.committed() }
            return
        }
        let token: UInt64
        if let free = freeTokens.popLast() {
            token = free
            waiting[Int(token)] = exchange
        } else {
            token = UInt64(waiting.count)
            waiting.append(exchange)
        }
        if ledger.append(record, token: token, slot: exchange.slot, sink: sink, wakesWriter: false) {
            wakeWriter()
            return
        }
        waiting[Int(token)] = nil
        freeTokens.append(token)
        counters.ledgerRefusals.wrappingAdd(1, ordering: .relaxed)
        if exchange.slot == nil {
            // Nothing went upstream. Refusals must not pile up in memory while the ledger cannot take their events.
            loop.assumeIsolated().execute { exchange.committed() }
        } else if !forwards(exchange) {
            refusedByLedger.append(exchange)
        }
    }

    /// Wakes the ledger's writer at the end of the loop's turn, so that all answers that end in it share a batch.
    private func wakeWriter() {
        guard !wakesWriter else { return }
        wakesWriter = true
        loop.assumeIsolated().execute {
            self.wakesWriter = false
            self.ledger.wakeWriter()
        }
    }

    /// Lets an exchange end without its event where the operator has chosen that over an outage, and counts it.
    private func forwards(_ exchange: Exchange) -> Bool {
        guard table.failurePolicy == .forward, !ledger.isWritable, let slot = exchange.slot else { return false }
        ledger.inFlight.release(slot)
        exchange.slot = nil
        gap = (since: min(gap?.since ?? .max, exchange.time), requests: (gap?.requests ?? 0) &+ 1)
        loop.assumeIsolated().execute { exchange.committed() }
        return true
    }

    /// Records what was forwarded without events, as soon as the ledger takes records again.
    func recordGap() {
        guard let gap, let sink, ledger.isWritable else { return }
        let event = LedgerGap(time: Clock.wallMicroseconds(), since: gap.since, requests: gap.requests)
        // No exchange waits under this token.
        if ledger.append(EventCodec.encode(.ledgerGap(event)), token: .max, slot: nil, sink: sink) { self.gap = nil }
    }

    func committed(_ commits: [Commit]) {
        for commit in commits where commit.token < UInt64(waiting.count) {
            let exchange = waiting[Int(commit.token)]
            waiting[Int(commit.token)] = nil
            freeTokens.append(commit.token)
            exchange?.committed()
        }
    }

    private func scheduleSweep() {
        loop.assumeIsolated().scheduleTask(in: .milliseconds(100)) {
            self.sweep()
            self.scheduleSweep()
        }
    }

    private func sweep() {
        let now = now()
        recordGap()
        if !refusedByLedger.isEmpty {
            let again = refusedByLedger
            refusedByLedger.removeAll()
            for exchange in again { submit(exchange, record: exchange.record) }
        }
        // Time-outs change the lists, so they are gathered first.
        let late = active.filter { $0.deadline <= now }
        for exchange in late { exchange.timeOut(now: now) }
        let silent = clients.filter { $0.deadline <= now }
        for client in silent { client.timeOut() }
        for group in groups.values { for pool in group.pools { pool.sweep(now: now) } }
    }
}

/// Carries commits from the ledger's writer thread to the loop, in one hop a batch.
final class LoopSink: CommitSink {
    private let loop: any EventLoop
    private let loopContext: NIOLoopBound<LoopContext>

    init(_ loopContext: LoopContext) {
        loop = loopContext.loop
        self.loopContext = NIOLoopBound(loopContext, eventLoop: loopContext.loop)
    }

    func committed(_ commits: [Commit]) {
        loop.execute { self.loopContext.value.committed(commits) }
    }
}
