import Accounting
import Events

/// SplitMix64, so that every run tests the same values.
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

enum Samples {
    static let openAIRaw = """
        {"prompt_tokens":1117,"completion_tokens":46,"total_tokens":1163,"prompt_tokens_details":{"cached_tokens":1024,\
        "audio_tokens":0},"completion_tokens_details":{"reasoning_tokens":0,"audio_tokens":0,\
        "accepted_prediction_tokens":0,"rejected_prediction_tokens":0}}
        """

    /// A request as a chat application makes thousands of them.
    static func typical() -> RequestCompleted {
        var event = RequestCompleted(
            id: RequestID(high: 0x0192_f0c1_2345_7abc, low: 0x8123_4567_89ab_cdef),
            time: 1_795_420_800_123_456,
            group: "openai",
            provider: "openai"
        )
        event.client = "c_0123456789abcdef"
        event.normaliser = 1
        event.operation = 1
        event.dialect = 1
        event.path = "/v1/chat/completions"
        event.modelRequested = "gpt-4o"
        event.modelSent = "gpt-4o"
        event.modelReported = "gpt-4o-2024-08-06"
        event.responseID = "chatcmpl-AbCdEfGhIjKlMnOpQrStUvWxYz012"
        event.stream = true
        event.status = 200
        event.totalDuration = 812_345
        event.firstByteDuration = 301_234
        event.upstreamDuration = 811_900
        event.requestBytes = 512
        event.responseBytes = 20_480
        event.attempts = [
            Attempt(
                upstream: "api.openai.com",
                key: "k_3f9a0123456789ab",
                status: 200,
                failure: nil,
                duration: 811_900
            )
        ]
        event.usage.source = .stream
        event.usage.complete = true
        event.usage.counts[.inputText] = 93
        event.usage.counts[.cacheReadText] = 1024
        event.usage.counts[.outputText] = 46
        event.usage.counts[.outputReasoning] = 0
        event.usage.reportedTotal = 1163
        event.usage.serviceTier = "default"
        event.usage.raw = Array(openAIRaw.utf8)
        event.cost = Cost(state: .priced, amount: Money(picodollars: 1_972_500_000), priceBook: 1, row: 12)
        return event
    }

    static let texts = [
        "", "openai", "a\"b\\c", "=1+1", "line\nbreak", "tab\t", "käse", "漢字", "🙂", "x,y", "\u{0}\u{1f}\u{7f}",
        "@cmd", "+1", "-1", "\u{2028}", String(repeating: "long", count: 100),
    ]

    static func text(_ random: inout Seeded) -> String { texts[Int.random(in: 0..<texts.count, using: &random)] }

    static func maybe<T>(_ random: inout Seeded, _ make: (inout Seeded) -> T) -> T? {
        Bool.random(using: &random) ? make(&random) : nil
    }

    static func signed(_ random: inout Seeded) -> Int64 {
        let bits = UInt64.random(in: 0...63, using: &random)
        let value = Int64(bitPattern: random.next() >> bits)
        return Bool.random(using: &random) ? value : [0, -1, .max, .min, 1, 127, 128][Int(random.next() % 7)]
    }

    static func counts(_ random: inout Seeded) -> UsageCounts {
        var counts = UsageCounts()
        for unit in UsageUnit.allCases where Int.random(in: 0..<4, using: &random) == 0 {
            counts[unit] = signed(&random).magnitude > UInt64(Int64.max) ? .max : abs(signed(&random) / 2)
        }
        return counts
    }

    static func id(_ random: inout Seeded) -> RequestID { RequestID(high: random.next(), low: random.next()) }

    static func started(_ random: inout Seeded) -> RequestStarted {
        RequestStarted(
            id: id(&random),
            time: signed(&random),
            group: text(&random),
            client: text(&random),
            provider: text(&random),
            operation: UInt8(random.next() % 20),
            model: text(&random)
        )
    }

    static func attempt(_ random: inout Seeded) -> Attempt {
        Attempt(
            upstream: text(&random),
            key: maybe(&random) { Bool.random(using: &$0) ? text(&$0) : "k_00ff00ff00ff00ff" },
            status: maybe(&random) { UInt16(truncatingIfNeeded: $0.next()) },
            failure: maybe(&random) { AttemptFailure.allCases[Int($0.next() % 12)] },
            duration: signed(&random)
        )
    }

    static func completed(_ random: inout Seeded) -> RequestCompleted {
        var event = RequestCompleted(id: id(&random), time: signed(&random), group: text(&random), provider: "")
        event.provider = Bool.random(using: &random) ? event.group : text(&random)
        event.client = Bool.random(using: &random) ? "c_00ff00ff00ff00ff" : text(&random)
        event.session = maybe(&random, text)
        event.normaliser = maybe(&random) { UInt8(truncatingIfNeeded: $0.next()) }
        for _ in 0..<(random.next() % 4) { event.tags.add(name: "tag-\(random.next() % 5)", value: text(&random)) }
        event.operation = UInt8(random.next() % 17)
        event.dialect = UInt8(random.next() % 7)
        event.path = Bool.random(using: &random) ? "/v1/messages" : text(&random)
        event.modelRequested = maybe(&random, text)
        event.modelSent = Bool.random(using: &random) ? event.modelRequested : maybe(&random, text)
        event.modelReported = maybe(&random, text)
        event.responseID = maybe(&random, text)
        event.stream = Bool.random(using: &random)
        event.status = UInt16(truncatingIfNeeded: random.next())
        event.outcome = Outcome.allCases[Int(random.next() % 6)]
        event.error = maybe(&random, text)
        event.totalDuration = signed(&random)
        event.firstByteDuration = maybe(&random, signed)
        event.upstreamDuration = signed(&random)
        event.requestBytes = signed(&random)
        event.responseBytes = signed(&random)
        for _ in 0..<(random.next() % 4) { event.attempts.append(attempt(&random)) }
        event.usage.source = Usage.Source.allCases[Int(random.next() % 5)]
        event.usage.complete = Bool.random(using: &random)
        event.usage.counts = counts(&random)
        event.usage.reportedTotal = maybe(&random, signed)
        event.usage.serviceTier = maybe(&random, text)
        event.usage.speed = maybe(&random, text)
        event.usage.region = maybe(&random, text)
        event.usage.providerCost = maybe(&random) { Money(picodollars: signed(&$0)) }
        for _ in 0..<(random.next() % 3) {
            event.usage.additional.append(Usage.Additional(model: maybe(&random, text), counts: counts(&random)))
        }
        switch random.next() % 3 {
        case 0: event.usage.raw = Array(openAIRaw.utf8)
        case 1: event.usage.raw = (0..<(1 + random.next() % 300)).map { _ in UInt8(truncatingIfNeeded: random.next()) }
        default: break
        }
        event.cost = Cost(
            state: Cost.State.allCases[Int(random.next() % 4)],
            amount: Money(picodollars: signed(&random)),
            priceBook: UInt32(truncatingIfNeeded: random.next()),
            row: maybe(&random) { UInt32(truncatingIfNeeded: $0.next()) }
        )
        return event
    }

    static func hash(_ random: inout Seeded) -> [UInt8] {
        (0..<32).map { _ in UInt8(truncatingIfNeeded: random.next()) }
    }

    static func event(_ kind: EventKind, _ random: inout Seeded) -> Event {
        switch kind {
        case .schemaAdopted:
            .schemaAdopted(
                SchemaAdopted(time: signed(&random), version: UInt8(random.next() % 256), hash: hash(&random))
            )
        case .priceBookAdopted:
            .priceBookAdopted(
                PriceBookAdopted(
                    time: signed(&random),
                    revision: UInt32(truncatingIfNeeded: random.next()),
                    hash: hash(&random),
                    origin: text(&random),
                    book: .builtIn
                )
            )
        case .nodeStarted: .nodeStarted(NodeStarted(time: signed(&random), program: text(&random)))
        case .nodeStopped: .nodeStopped(NodeStopped(time: signed(&random), reason: text(&random)))
        case .requestStarted: .requestStarted(started(&random))
        case .requestCompleted: .requestCompleted(completed(&random))
        case .requestInterrupted:
            .requestInterrupted(RequestInterrupted(started: started(&random), time: signed(&random)))
        case .configurationChanged:
            .configurationChanged(
                ConfigurationChanged(time: signed(&random), hash: hash(&random), summary: text(&random))
            )
        case .historyTruncated:
            .historyTruncated(HistoryTruncated(time: signed(&random), first: random.next(), last: random.next()))
        case .ledgerGap:
            .ledgerGap(LedgerGap(time: signed(&random), since: signed(&random), requests: random.next()))
        }
    }
}
