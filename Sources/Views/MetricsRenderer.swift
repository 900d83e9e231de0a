import Accounting
import Events

/// The views and the process as Prometheus reads them.
public struct MetricsRenderer: Sendable {
    /// The text formats.
    public enum Format: Sendable {
        /// Prometheus text 0.0.4.
        case text
        /// OpenMetrics 1.0.
        case openMetrics

        /// The format that an `Accept` header asks for; text when it does not say.
        public init(accept: String?) {
            self = accept?.lowercased().contains("application/openmetrics-text") == true ? .openMetrics : .text
        }

        /// The value of the `Content-Type` header.
        public var contentType: String {
            switch self {
            case .text: "text/plain; version=0.0.4; charset=utf-8"
            case .openMetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8"
            }
        }
    }

    /// Names of other programs' metrics that are given beside Tollgate's own.
    public enum Compatibility: String, Sendable, CaseIterable {
        /// `gpt_load_*`.
        case gptLoad = "gpt-load"
        /// OpenTelemetry's `gen_ai_*`.
        case genAI = "gen-ai"
    }

    /// The format.
    public var format: Format
    /// Further names.
    public var compatibility: Set<Compatibility>

    /// A renderer.
    public init(format: Format = .text, compatibility: Set<Compatibility> = []) {
        self.format = format
        self.compatibility = compatibility
    }

    /// The whole page. Counters come from the ledger, so they go on over restarts and never fall.
    public func render(_ state: ViewState, _ runtime: RuntimeSample = RuntimeSample()) -> [UInt8] {
        var page = Exposition(openMetrics: format == .openMetrics)
        let created = Exposition.seconds(UInt64(max(0, state.created)))
        requests(state, created, &page)
        tokens(state, created, &page)
        money(state, created, &page)
        histograms(state, created, &page)
        attempts(state, created, &page)
        MetricsRenderer.runtime(runtime, state, &page)
        if compatibility.contains(.gptLoad) { gptLoad(state, created, &page) }
        if compatibility.contains(.genAI) { genAI(state, created, &page) }
        page.finish()
        return page.bytes
    }

    private func requests(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        page.begin("tollgate_requests_total", .counter, "Requests that ended, by how they ended.")
        for (slot, key) in state.requests.keys.enumerated() {
            let outcome = Outcome(rawValue: UInt8(truncatingIfNeeded: key >> 16)) ?? .completed
            page.counter(
                [
                    ("group", state.labels[SeriesKey.field(key, 48)]),
                    ("model", state.labels[SeriesKey.field(key, 32)]),
                    ("operation", EventNames.operation(UInt8(truncatingIfNeeded: key >> 24))),
                    ("outcome", outcome.name), ("status", String(SeriesKey.field(key, 0))),
                ],
                String(state.requestCounts[slot]),
                created: created
            )
        }
    }

    static func labels(_ state: ViewState, _ slot: Int) -> [(String, String)] {
        let key = state.models.keys[slot]
        return [
            ("group", state.labels[SeriesKey.field(key, 16)]), ("model", state.labels[SeriesKey.field(key, 0)]),
        ]
    }

    private func tokens(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        page.begin(
            "tollgate_tokens_total",
            .counter,
            "Tokens by disjoint type: the types of a model add up to its total."
        )
        for slot in state.totals.indices {
            let labels = Self.labels(state, slot)
            for unit in UsageUnit.allCases where unit.side != .other {
                let count = state.tokens[slot * 32 + Int(unit.rawValue)]
                guard count > 0 else { continue }
                page.counter(labels + [("type", Self.type(unit))], String(count), created: created)
            }
        }
        page.begin(
            "tollgate_units_total",
            .counter,
            "Other things that were used: searches, images, milliseconds of audio."
        )
        for slot in state.totals.indices {
            let labels = Self.labels(state, slot)
            for unit in UsageUnit.allCases where unit.side == .other && unit != .inputTool {
                let count = state.tokens[slot * 32 + Int(unit.rawValue)]
                guard count > 0 else { continue }
                page.counter(labels + [("unit", unit.name)], String(count), created: created)
            }
        }
    }

    /// The value of the `type` label: `input_text`, `cache_read`, `output_text`, `reasoning`.
    static func type(_ unit: UsageUnit) -> String {
        switch unit {
        case .inputText, .inputAudio, .inputImage, .inputVideo: "input_\(unit.name)"
        case .outputText, .outputAudio, .outputImage, .outputVideo: "output_\(unit.name)"
        default: unit.name
        }
    }

    private func money(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        page.begin("tollgate_cost_usd_total", .counter, "Cost in US dollars as charged when it happened.")
        for slot in state.totals.indices {
            page.counter(Self.labels(state, slot), state.totals[slot].charged.dollars, created: created)
        }
        page.begin(
            "tollgate_unpriced_requests_total",
            .counter,
            "Requests whose price was not known when they happened."
        )
        for slot in state.totals.indices where state.totals[slot].unpriced > 0 {
            page.counter(Self.labels(state, slot), String(state.totals[slot].unpriced), created: created)
        }
        page.begin(
            "tollgate_restated_cost_usd",
            .gauge,
            "Cost in US dollars of all requests by the newest price book; changes when a book is adopted."
        )
        // While history is priced again the figures are not whole: better none than wrong ones.
        if state.isRestated, state.bookRevision > 0 {
            for slot in state.totals.indices {
                page.gauge(Self.labels(state, slot), state.totals[slot].restated.dollars)
            }
        }
        page.begin("tollgate_price_book_revision", .gauge, "Revision of the newest adopted price book.")
        page.gauge([], String(state.bookRevision))
    }

    private func histograms(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        page.begin(
            "tollgate_request_duration_seconds",
            .histogram,
            "From a request's first byte to its end.",
            unit: "seconds"
        )
        for slot in state.totals.indices {
            Self.histogram(Self.labels(state, slot), state.totals[slot].duration, Histogram.slow, created, &page)
        }
        page.begin(
            "tollgate_first_byte_seconds",
            .histogram,
            "From a request's first byte to the first byte of the answer's body.",
            unit: "seconds"
        )
        for slot in state.totals.indices {
            Self.histogram(Self.labels(state, slot), state.totals[slot].firstByte, Histogram.slow, created, &page)
        }
        page.begin(
            "tollgate_overhead_seconds",
            .histogram,
            "The part of a request's duration in which no upstream was waited for.",
            unit: "seconds"
        )
        for slot in state.totals.indices {
            Self.histogram(Self.labels(state, slot), state.totals[slot].overhead, Histogram.fast, created, &page)
        }
    }

    static func histogram(
        _ labels: [(String, String)],
        _ histogram: Histogram,
        _ bounds: [Int64],
        _ created: String,
        _ page: inout Exposition
    ) {
        guard histogram.count > 0 else { return }
        var cumulative: [UInt64] = []
        var total: UInt64 = 0
        for index in bounds.indices where index < 13 {
            total &+= histogram.buckets[index]
            cumulative.append(total)
        }
        page.histogram(
            labels,
            bounds: bounds.map(Exposition.bound),
            cumulative: cumulative,
            count: histogram.count,
            sum: Exposition.seconds(histogram.sum),
            created: created
        )
    }

    private func attempts(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        page.begin("tollgate_attempts_total", .counter, "Attempts at upstreams, by result.")
        for (slot, key) in state.attempts.keys.enumerated() {
            let failure = AttemptFailure(rawValue: UInt8(truncatingIfNeeded: key))
            page.counter(
                [
                    ("group", state.labels[SeriesKey.field(key, 32)]),
                    ("upstream", state.labels[SeriesKey.field(key, 16)]), ("result", failure?.name ?? "ok"),
                ],
                String(state.attemptCounts[slot]),
                created: created
            )
        }
    }
}
