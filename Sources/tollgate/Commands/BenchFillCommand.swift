import Accounting
import ArgumentParser
import Events
import Ledger
import NIOPosix

/// For `tools/bench rebuild`: a ledger of many requests by several clients, to several providers, at priced models and
/// one without a price.
struct BenchFillCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench-fill",
        abstract: "Fill a ledger with made-up requests.",
        shouldDisplay: false
    )

    @Option(help: "The data directory; made when missing.") var dataDir: String
    @Option(help: "Requests that are added.") var events: UInt64 = 1_000_000
    @Option(help: "What decides about the requests.") var seed: UInt64 = 1

    func run() async throws {
        let (directory, events, seed) = (dataDir, events, seed)
        try await reporting {
            try await NIOThreadPool.singleton.runIfActive {
                let ledger = try Ledger.open(LedgerOptions(directory: directory))
                defer { ledger.close() }
                try Self.begin(ledger)
                var requests = MadeUpRequests(seed: seed, first: ledger.head)
                var left = events
                while left > 0 {
                    let count = min(left, 2_000)
                    try ledger.appendAndWait((0..<count).map { _ in EventCodec.encode(requests.next()) })
                    left -= count
                }
            }
        }
    }

    /// What a ledger begins with, when this one has not begun.
    private static func begin(_ ledger: Ledger) throws {
        guard ledger.head == 0 else { return }
        try Journal.begin(ledger)
        let book = PriceBook.builtIn
        let adopted = PriceBookAdopted(
            time: MadeUpRequests.start,
            revision: 1,
            hash: SHA256.hash(book.encode()),
            origin: PriceBookSource.builtIn,
            book: book
        )
        try ledger.appendAndWait([EventCodec.encode(.priceBookAdopted(adopted))])
    }
}

/// Requests as applications make them, drawn from a seed.
struct MadeUpRequests {
    static let start: Int64 = 1_795_420_800_000_000

    private struct Model {
        let group: String
        let provider: String
        let dialect: UInt8
        let path: String
        let name: String
        let reported: String
    }

    private static let models = [
        Model(
            group: "openai",
            provider: "openai",
            dialect: 1,
            path: "/v1/chat/completions",
            name: "gpt-4o",
            reported: "gpt-4o-2024-08-06"
        ),
        Model(
            group: "openai",
            provider: "openai",
            dialect: 1,
            path: "/v1/chat/completions",
            name: "gpt-4o-mini",
            reported: "gpt-4o-mini-2024-07-18"
        ),
        Model(
            group: "anthropic",
            provider: "anthropic",
            dialect: 2,
            path: "/v1/messages",
            name: "claude-sonnet-4-5",
            reported: "claude-sonnet-4-5-20250929"
        ),
        Model(
            group: "gemini",
            provider: "google",
            dialect: 3,
            path: "/v1beta/models/gemini-2.5-flash:generateContent",
            name: "gemini-2.5-flash",
            reported: "gemini-2.5-flash"
        ),
        Model(
            group: "local",
            provider: "local",
            dialect: 1,
            path: "/v1/chat/completions",
            name: "house-model",
            reported: "house-model"
        ),
    ]

    private let pricer = Pricer(book: .builtIn, revision: 1)
    private var random: SeededGenerator
    private var number: UInt64

    init(seed: UInt64, first: UInt64) {
        random = SeededGenerator(seed: seed)
        number = first
    }

    private mutating func draw(_ bound: UInt32) -> Int64 { Int64(random.next() % UInt64(max(bound, 1))) }

    mutating func next() -> RequestCompleted {
        number += 1
        let model = Self.models[Int(draw(UInt32(Self.models.count)))]
        let time = Self.start + Int64(number) * 20_000
        let id = RequestID.make(timeMicroseconds: time, random: random.next())
        var event = RequestCompleted(id: id, time: time, group: model.group, provider: model.provider)
        event.client = "c_3f9a0123456789\(10 + draw(20))"
        event.normaliser = 1
        event.operation = 1
        event.dialect = model.dialect
        event.path = model.path
        event.modelRequested = model.name
        event.modelSent = model.name
        event.modelReported = model.reported
        event.responseID = "resp-\(number)"
        event.stream = draw(2) == 0
        event.status = 200
        event.totalDuration = 200_000 + draw(2_000_000)
        event.firstByteDuration = 100_000 + draw(100_000)
        event.upstreamDuration = event.totalDuration - 300
        event.requestBytes = 200 + draw(4_000)
        event.responseBytes = 500 + draw(40_000)
        event.attempts = [
            Attempt(
                upstream: "api.\(model.provider).example",
                key: "k_3f9a01234567890\(draw(10))",
                status: 200,
                failure: nil,
                duration: event.upstreamDuration
            )
        ]
        let (input, cached, output) = (10 + draw(4_000), draw(3) * 1_024, 5 + draw(900))
        event.usage.source = event.stream ? .stream : .body
        event.usage.complete = true
        event.usage.counts[.inputText] = input
        event.usage.counts[.cacheReadText] = cached
        event.usage.counts[.outputText] = output
        event.usage.reportedTotal = input + cached + output
        event.usage.raw = Array(
            ("{\"prompt_tokens\":\(input + cached),\"completion_tokens\":\(output),\"total_tokens\":\(input + cached + output),"
                + "\"prompt_tokens_details\":{\"cached_tokens\":\(cached)}}").utf8
        )
        let query = PriceQuery(
            provider: model.provider,
            modelReported: model.reported,
            modelSent: model.name,
            time: time,
            group: model.group,
            client: event.client
        )
        event.cost = pricer.cost(of: event.usage, for: query)
        return event
    }
}
