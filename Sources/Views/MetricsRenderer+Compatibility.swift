import Accounting
import Events

extension MetricsRenderer {
    /// The three families of gpt-load: successful requests, streams included.
    func gptLoad(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        let slots = state.totals.indices.filter { state.totals[$0].successes > 0 }
        page.begin("gpt_load_requests_total", .counter, "Successful requests.")
        for slot in slots {
            page.counter(Self.labels(state, slot), String(state.totals[slot].successes), created: created)
        }
        page.begin("gpt_load_tokens_total", .counter, "Tokens of successful requests; total is prompt and completion.")
        for slot in slots {
            let totals = state.totals[slot]
            let figures = [
                ("prompt", totals.successInput), ("completion", totals.successOutput),
                ("total", saturating(totals.successInput, totals.successOutput)),
            ]
            for (type, count) in figures {
                page.counter([("type", type)] + Self.labels(state, slot), String(count), created: created)
            }
        }
        page.begin("gpt_load_cost_total", .counter, "Cost of successful requests in US dollars as charged.")
        for slot in slots {
            page.counter(Self.labels(state, slot), state.totals[slot].successCharged.dollars, created: created)
        }
    }

    /// OpenTelemetry's names for generative AI, as the Prometheus exporter spells them.
    ///
    /// Token usage is a counter here and not a histogram of sizes: the sums are what the ledger keeps.
    func genAI(_ state: ViewState, _ created: String, _ page: inout Exposition) {
        page.begin("gen_ai_client_token_usage_total", .counter, "Tokens used, by gen_ai.token.type.")
        for slot in state.totals.indices {
            let tokens = (0..<18).map { state.tokens[slot * 32 + $0] }
            let input = tokens[0...10].reduce(0, saturating)
            let output = tokens[12...17].reduce(0, saturating)
            for (type, count) in [("input", input), ("output", output)] {
                page.counter(
                    genAILabels(state, slot) + [("gen_ai_token_type", type)],
                    String(count),
                    created: created
                )
            }
        }
        page.begin("gen_ai_server_request_duration_seconds", .histogram, "Duration of requests.", unit: "seconds")
        for slot in state.totals.indices {
            Self.histogram(genAILabels(state, slot), state.totals[slot].duration, Histogram.slow, created, &page)
        }
        page.begin(
            "gen_ai_server_time_to_first_token_seconds",
            .histogram,
            "Time to the first byte of the answer.",
            unit: "seconds"
        )
        for slot in state.totals.indices {
            Self.histogram(genAILabels(state, slot), state.totals[slot].firstByte, Histogram.slow, created, &page)
        }
    }

    private func genAILabels(_ state: ViewState, _ slot: Int) -> [(String, String)] {
        let labels = Self.labels(state, slot)
        return [("gen_ai_system", labels[0].1), ("gen_ai_request_model", labels[1].1)]
    }
}
