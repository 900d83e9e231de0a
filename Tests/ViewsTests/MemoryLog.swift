import Accounting
import Events
import Synchronization
import Views

/// A ledger in memory.
final class MemoryLog: RecordSource {
    private let records = Mutex<[[UInt8]]>([])
    /// The sequence at which reading fails, as of a ledger that is closed for a moment.
    let failsAt = Mutex<UInt64?>(nil)

    struct Unreadable: Error {}

    let origin: String

    init(origin: String = "test/0011223344556677", _ events: [Event] = []) {
        self.origin = origin
        append(events)
    }

    var head: UInt64 { records.withLock { UInt64($0.count) } }

    var totalBytes: Int { records.withLock { $0.reduce(0) { $0 + $1.count } } }

    func append(_ events: [Event]) { append(raw: events.map(EventCodec.encode)) }

    func append(raw: [[UInt8]]) { records.withLock { $0 += raw } }

    func replace(_ sequence: UInt64, _ record: [UInt8]) { records.withLock { $0[Int(sequence) - 1] = record } }

    func scan(from: UInt64, through: UInt64, _ body: (UInt64, UnsafeRawBufferPointer) throws -> Bool) throws {
        let all = records.withLock { $0 }
        for sequence in max(1, from)...max(1, min(through, UInt64(all.count))) where sequence <= UInt64(all.count) {
            if failsAt.withLock({ $0 == sequence }) { throw Unreadable() }
            guard try all[Int(sequence) - 1].withUnsafeBytes({ try body(sequence, $0) }) else { return }
        }
    }

    func readRecord(at sequence: UInt64) throws -> [UInt8]? {
        records.withLock { sequence >= 1 && sequence <= UInt64($0.count) ? $0[Int(sequence) - 1] : nil }
    }

    func treeRoot(size: UInt64) -> [UInt8]? { nil }
}

struct Seeded: RandomNumberGenerator {
    var state: UInt64
    init(_ seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}

enum Traffic {
    static let start: Int64 = 1_795_420_800_000_000
    static let models = ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4", "mystery"]

    /// A book in which `gpt-4o`, `gpt-4o-mini` and `claude-sonnet-4` have prices in dollars per million tokens.
    static func book(_ input: String, _ output: String) throws -> PriceBook {
        var prices = PriceTable()
        prices[.inputText] = try Rate(input)
        prices[.outputText] = try Rate(output)
        return try PriceBook(
            rows: ["gpt-4o", "gpt-4o-mini", "claude-sonnet-4"].map {
                PriceRow(provider: "openai", match: .exact($0), prices: prices)
            }
        )
    }

    static func adopted(_ revision: UInt32, _ book: PriceBook, time: Int64 = start) -> Event {
        .priceBookAdopted(
            PriceBookAdopted(
                time: time,
                revision: revision,
                hash: SHA256.hash(book.encode()),
                origin: "prices.yaml",
                book: book
            )
        )
    }

    static func request(_ number: Int, _ random: inout Seeded, _ pricer: Pricer?) -> RequestCompleted {
        var event = RequestCompleted(
            id: RequestID(high: 0x0192_0000_0000_7000 &+ UInt64(number), low: random.next()),
            time: start + Int64(number) * 37_000_000 + Int64(random.next() % 1000),
            group: number % 7 == 0 ? "backup" : "openai",
            provider: "openai"
        )
        event.client = ["alice", "bob", ""][Int(random.next() % 3)]
        event.operation = number % 11 == 0 ? 4 : 1
        event.dialect = 1
        event.path = "/v1/chat/completions"
        let model = models[Int(random.next() % 4)]
        event.modelRequested = model
        event.modelSent = model
        let failed = number % 13 == 0
        event.status = failed ? 500 : 200
        event.outcome = failed ? .upstreamError : .completed
        event.totalDuration = Int64(random.next() % 5_000_000)
        event.upstreamDuration = event.totalDuration - min(event.totalDuration, Int64(random.next() % 400))
        event.firstByteDuration = failed ? nil : event.totalDuration / 3
        event.attempts = [
            Attempt(
                upstream: "api.openai.com",
                key: nil,
                status: event.status,
                failure: failed ? .upstreamStatus : nil,
                duration: event.upstreamDuration
            )
        ]
        guard !failed else { return event }
        event.modelReported = model
        event.usage.source = .body
        event.usage.complete = true
        event.usage.counts[.inputText] = Int64(random.next() % 3000)
        event.usage.counts[.cacheReadText] = Int64(random.next() % 1000)
        event.usage.counts[.outputText] = Int64(random.next() % 700)
        if let pricer {
            event.cost = pricer.cost(of: event.usage, for: query(event))
        } else {
            event.cost = Cost(state: .unpriced)
        }
        return event
    }

    static func started(_ request: RequestCompleted) -> RequestStarted {
        RequestStarted(
            id: request.id,
            time: request.time,
            group: request.group,
            client: request.client,
            provider: request.provider,
            operation: request.operation,
            model: request.modelRequested ?? ""
        )
    }

    /// The book of a revision among events.
    static func book(of events: [Event], _ revision: UInt32) throws -> PriceBook {
        for case .priceBookAdopted(let adopted) in events where adopted.revision == revision { return adopted.book }
        return try book("1", "1")
    }

    static func query(_ event: RequestCompleted) -> PriceQuery {
        PriceQuery(
            provider: event.provider,
            modelReported: event.modelReported,
            modelSent: event.modelSent,
            time: event.time,
            group: event.group,
            client: event.client
        )
    }

    /// A ledger's beginning, a book, and so many requests charged by it.
    static func history(_ number: Int, seed: UInt64 = 1, book: PriceBook) -> [Event] {
        var random = Seeded(seed)
        let pricer = Pricer(book: book, revision: 1)
        return [
            .schemaAdopted(Schema.adopted(time: start)), .nodeStarted(NodeStarted(time: start, program: "1.0")),
            adopted(1, book),
        ] + (0..<number).map { .requestCompleted(request($0, &random, pricer)) }
    }
}
