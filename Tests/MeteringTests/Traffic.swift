import Accounting
import Foundation
import Metering

/// One recorded exchange of `../shared/traffic/sample.jsonl.gz`, which is never part of this repository.
struct Exchange {
    let fields: [String: Any]

    static let path = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appending(path: "shared/traffic/sample.jsonl.gz").path

    static var isThere: Bool { FileManager.default.fileExists(atPath: path) }

    static func all() throws -> [Exchange] {
        let gzip = Process()
        gzip.executableURL = URL(filePath: "/usr/bin/env")
        gzip.arguments = ["gzip", "-dc", path]
        let pipe = Pipe()
        gzip.standardOutput = pipe
        try gzip.run()
        let data = try pipe.fileHandleForReading.readToEnd() ?? Data()
        gzip.waitUntilExit()
        return try data.split(separator: 0x0A).compactMap { line in
            (try JSONSerialization.jsonObject(with: Data(line)) as? [String: Any]).map(Exchange.init)
        }
    }

    func text(_ key: String) -> String { fields[key] as? String ?? "" }
    var expected: [String: Any] { fields["expected"] as? [String: Any] ?? [:] }
    var expectedClass: String { expected["class"] as? String ?? "" }
    var name: String { "\(text("provider")) \(text("api")) \(text("id"))" }

    var responseHeaders: [String: String] { fields["response_headers"] as? [String: String] ?? [:] }
    var status: Int { fields["response_status"] as? Int ?? 200 }

    var body: [UInt8] {
        if let text = fields["response_body"] as? String { return Array(text.utf8) }
        let encoded = (fields["response_body_b64"] ?? fields["response_body_wire_b64"]) as? String ?? ""
        return Array(Data(base64Encoded: encoded) ?? Data())
    }

    var requestBody: [UInt8] { Array(text("request_body").utf8) }

    var hint: Dialect {
        switch text("provider") {
        case "anthropic": .anthropic
        case "google", "google-vertex": .gemini
        case "bedrock": .bedrock
        case "cohere": .cohere
        case "ollama": .ollama
        default: .auto
        }
    }

    var route: Route { Route(method: text("method"), path: text("path"), query: text("query"), hint: hint) }

    func facts(cuts: [Int], hint: Dialect? = nil) -> ResponseFacts {
        let route = Route(method: text("method"), path: text("path"), query: text("query"), hint: hint ?? self.hint)
        let headers = responseHeaders
        let contentType = (fields["request_headers"] as? [String: String])?["content-type"]
        let request = requestBody.withUnsafeBytes { RequestFacts(scanning: $0, route: route, contentType: contentType) }
        var meter = ResponseMeter(
            route: route,
            request: request,
            status: status,
            contentType: headers["content-type"],
            contentEncoding: text("body_state") == "wire" ? headers["content-encoding"] : nil,
            hidesUsageChunk: false
        )
        for (name, value) in headers where name.hasPrefix("x-amzn-bedrock-") { meter.header(name, value) }
        feed(&meter, body, cuts: cuts)
        return meter.finish(.complete)
    }

    /// The model that the request names.
    var modelRequested: String? {
        let contentType = (fields["request_headers"] as? [String: String])?["content-type"]
        let request = requestBody.withUnsafeBytes { RequestFacts(scanning: $0, route: route, contentType: contentType) }
        return route.model ?? request.model
    }

    /// What differs from the right answer or a documented alternative of it; empty when nothing does.
    func differences(_ facts: ResponseFacts) -> [String] {
        let result = differences(facts, from: expected)
        guard !result.isEmpty, let others = expected["alternatives"] as? [String: [String: Any]] else { return result }
        for other in others.values {
            let alternative = expected.merging(other) { $1 }
            if differences(facts, from: alternative).isEmpty { return [] }
        }
        return result
    }

    private func differences(_ facts: ResponseFacts, from expected: [String: Any]) -> [String] {
        let counts = facts.usage.counts
        guard expected["usage_present"] as? Bool == true else {
            return counts.total(.input) == nil && counts.total(.output) == nil
                ? [] : ["invented \(counts.total(.input) ?? -1)/\(counts.total(.output) ?? -1)"]
        }
        var result: [String] = []
        func compare(_ key: String, _ actual: Int64?) {
            let want = (expected[key] as? NSNumber)?.int64Value ?? 0
            if want != (actual ?? 0) { result.append("\(key) \(want) is \(actual.map(String.init) ?? "nil")") }
        }
        if facts.usage.source == .none { result.append("no usage") }
        compare("input_total", counts.total(.input))
        compare("output_total", counts.total(.output))
        compare("cache_read", counts.cacheRead)
        compare("cache_write", counts.cacheWrite)
        compare("reasoning", counts[.outputReasoning])
        // An alternative states its parts only.
        if expected["input_total"] as? Int == self.expected["input_total"] as? Int {
            compare("total", (counts.total(.input) ?? 0) + (counts.total(.output) ?? 0))
        }
        compare("total_reported", facts.usage.reportedTotal)
        result += tierAndModel(facts) + extras(facts.usage)
        return result
    }

    private func tierAndModel(_ facts: ResponseFacts) -> [String] {
        var result: [String] = []
        let model = expected["model_reported"] as? String
        if let model, model != facts.model { result.append("model \(model) is \(facts.model ?? "nil")") }
        let tier = expected["service_tier"] as? String
        if let tier, tier != facts.usage.serviceTier {
            result.append("tier \(tier) is \(facts.usage.serviceTier ?? "nil")")
        }
        return result
    }

    private func extras(_ usage: Usage) -> [String] {
        let extra = expected["extra"] as? [String: Any] ?? [:]
        let counts = usage.counts
        var result: [String] = []
        func other(_ key: String, _ extra: [String: Any]) -> Double {
            (extra[key == "image_in" ? "document_in" : "image_in"] as? NSNumber)?.doubleValue ?? 0
        }
        for (key, value) in extra {
            let want = (value as? NSNumber)?.doubleValue ?? 0
            let actual: Double? =
                switch key {
                case "provider_cost_usd": usage.providerCost.map { Double($0.picodollars) / 1e12 }
                case "image_in", "document_in":
                    // Documents are billed as images; the recording tells them apart.
                    counts[.inputImage].map { Double($0) - other(key, extra) }
                case "audio_in": counts[.inputAudio].map { Double($0) }
                case "video_in": counts[.inputVideo].map { Double($0) }
                case "searches": counts[.webSearches].map { Double($0) }
                case "audio_seconds": counts[.audioInputMilliseconds].map { Double($0) / 1000 }
                case "cache_write_5m": counts[.cacheWrite5m].map { Double($0) }
                case "search_units": counts[.rerankSearches].map { Double($0) }
                case "billable_characters": counts[.characters].map { Double($0) }
                case "images": counts[.images].map { Double($0) }
                default: nil
                }
            if actual.map({ abs($0 - want) > 1e-12 }) ?? true {
                result.append("\(key) \(want) is \(actual.map { "\($0)" } ?? "nil")")
            }
        }
        if let additional = expected["additional"] as? [[String: Any]] {
            for (key, side) in [("input_total", UsageUnit.Side.input), ("output_total", .output)] {
                let want = additional.map { ($0[key] as? NSNumber)?.int64Value ?? 0 }
                let actual = usage.additional.map { $0.counts.total(side) ?? 0 }
                if want != actual { result.append("additional \(key) \(want) is \(actual)") }
            }
            let models = additional.map { $0["model"] as? String }
            if models != usage.additional.map(\.model) { result.append("additional models \(models)") }
        }
        return result
    }
}

/// Feeds a body to a meter, cut at positions; returns the verdicts with the offsets at which they were given.
@discardableResult
func feed(_ meter: inout ResponseMeter, _ body: [UInt8], cuts: [Int]) -> [StreamVerdict] {
    var verdicts: [StreamVerdict] = []
    var start = 0
    for end in cuts + [body.count] where end > start || body.isEmpty {
        // A copy of exactly the piece, so that reading past its end is caught by the address sanitizer.
        let piece = Array(body[start..<end])
        piece.withUnsafeBytes { verdicts.append(meter.consume($0)) }
        start = end
    }
    return verdicts
}

/// Cuts at random places, by a seed.
func randomCuts(_ count: Int, of length: Int, seed: UInt64) -> [Int] {
    var random = SplitMix(state: seed)
    guard length > 1 else { return [] }
    return Set((0..<count).map { _ in Int.random(in: 1..<length, using: &random) }).sorted()
}

struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var word = state
        word = (word ^ (word >> 30)) &* 0xBF58_476D_1CE4_E5B9
        word = (word ^ (word >> 27)) &* 0x94D0_49BB_1331_11EB
        return word ^ (word >> 31)
    }
}
