package import Accounting

extension EventJSON {
    static func write(_ event: RequestCompleted, _ schema: UInt8, _ names: ClientNames, _ json: inout JSONText) {
        json.key("id")
        json.string(event.id.text)
        json.key("time")
        time(event.time, &json)
        writeCaller(event, names, &json)
        if schema >= 2 { writeMarks(event, &json) }
        writeTarget(event, &json)
        json.key("path")
        json.string(event.path)
        writeModel(event, &json)
        json.key("response_id")
        json.string(ifPresent: event.responseID)
        writeOutcome(event, &json)
        writeMeasures(event, &json)
        json.key("attempts")
        json.array { json in
            for attempt in event.attempts { write(attempt, &json) }
        }
        json.key("usage")
        write(event.usage, &json) { json in
            guard schema >= 2 else { return }
            json.key("normaliser")
            json.number(ifPresent: event.normaliser)
        }
        json.key("cost")
        write(event.cost, &json)
    }

    static func writeCaller(_ event: RequestCompleted, _ names: ClientNames, _ json: inout JSONText) {
        json.key("group")
        json.string(event.group)
        write(client: event.client, names, &json)
    }

    static func writeTarget(_ event: RequestCompleted, _ json: inout JSONText) {
        json.key("provider")
        json.string(event.provider)
        json.key("operation")
        json.string(EventNames.operation(event.operation))
        json.key("dialect")
        json.string(EventNames.dialect(event.dialect))
    }

    static func writeModel(_ event: RequestCompleted, _ json: inout JSONText) {
        json.key("model")
        json.object { json in
            json.key("requested")
            json.string(ifPresent: event.modelRequested)
            json.key("sent")
            json.string(ifPresent: event.modelSent)
            json.key("reported")
            json.string(ifPresent: event.modelReported)
        }
    }

    static func writeOutcome(_ event: RequestCompleted, _ json: inout JSONText) {
        json.key("stream")
        json.bool(event.stream)
        json.key("status")
        json.number(event.status)
        json.key("outcome")
        json.string(event.outcome.name)
        json.key("error")
        json.string(ifPresent: event.error)
    }

    private static func writeMarks(_ event: RequestCompleted, _ json: inout JSONText) {
        json.key("session")
        json.string(ifPresent: event.session)
        json.key("tags")
        json.object { json in
            for tag in event.tags.list {
                json.key(text: tag.name)
                json.string(tag.value)
            }
        }
    }

    private static func writeMeasures(_ event: RequestCompleted, _ json: inout JSONText) {
        json.key("timing")
        json.object { json in
            json.key("total_us")
            json.number(event.totalDuration)
            json.key("first_byte_us")
            json.number(ifPresent: event.firstByteDuration)
            json.key("upstream_us")
            json.number(event.upstreamDuration)
        }
        json.key("bytes")
        json.object { json in
            json.key("request")
            json.number(event.requestBytes)
            json.key("response")
            json.number(event.responseBytes)
        }
    }

    private static func write(_ attempt: Attempt, _ json: inout JSONText) {
        json.object { json in
            json.key("upstream")
            json.string(attempt.upstream)
            json.key("key")
            json.string(ifPresent: attempt.key)
            json.key("status")
            json.number(ifPresent: attempt.status)
            json.key("failure")
            json.string(ifPresent: attempt.failure?.name)
            json.key("duration_us")
            json.number(attempt.duration)
        }
    }

    private static func write(_ usage: Usage, _ json: inout JSONText, beforeRaw: (inout JSONText) -> Void) {
        json.object { json in
            json.key("source")
            json.string(usage.source.name)
            json.key("complete")
            json.bool(usage.complete)
            write(usage.counts, &json)
            json.key("reported_total")
            json.number(ifPresent: usage.reportedTotal)
            json.key("service_tier")
            json.string(ifPresent: usage.serviceTier)
            json.key("speed")
            json.string(ifPresent: usage.speed)
            json.key("region")
            json.string(ifPresent: usage.region)
            json.key("provider_cost_usd")
            json.string(ifPresent: usage.providerCost?.dollars)
            json.key("additional")
            json.array { json in
                for item in usage.additional {
                    json.object { json in
                        json.key("model")
                        json.string(ifPresent: item.model)
                        write(item.counts, &json)
                    }
                }
            }
            beforeRaw(&json)
            json.key("raw")
            if let raw = JSONCheck.minified(usage.raw) { json.verbatim(raw) } else { json.null() }
        }
    }

    /// `input` and `output` with their totals (null when nothing was said), and `units` for the rest.
    package static func write(_ counts: UsageCounts, _ json: inout JSONText) {
        for side in [UsageUnit.Side.input, .output] {
            json.key(side == .input ? "input" : "output")
            json.object { json in
                json.key("total")
                json.number(ifPresent: counts.total(side))
                for unit in UsageUnit.allCases where unit.side == side || (side == .input && unit == .inputTool) {
                    guard let count = counts[unit] else { continue }
                    json.key(text: unit.name)
                    json.number(count)
                }
            }
        }
        json.key("units")
        json.object { json in
            for unit in UsageUnit.allCases where unit.side == .other && unit != .inputTool {
                guard let count = counts[unit] else { continue }
                json.key(text: unit.name)
                json.number(count)
            }
        }
    }

    private static func write(_ cost: Cost, _ json: inout JSONText) {
        json.object { json in
            json.key("state")
            json.string(cost.state.name)
            json.key("usd")
            // Unknown is null and never zero; free and nothing to bill are a known zero.
            json.string(ifPresent: cost.state == .unpriced ? nil : cost.amount.dollars)
            json.key("price_book")
            json.number(ifPresent: cost.priceBook == 0 ? nil : cost.priceBook)
            json.key("row")
            json.number(ifPresent: cost.row)
        }
    }
}
