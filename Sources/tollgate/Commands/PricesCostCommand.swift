import Accounting
import Admin
import ArgumentParser
import Foundation

extension PricesCommand {
    struct Cost: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Say what a usage costs: one from options, or many as lines of JSON on standard input.",
            discussion: """
                Counts are totals that hold their parts: --input holds what was read from and written to a cache, \
                --output holds the reasoning. Prices are those of --book, else those in force in the data directory, \
                else those that are built in.

                A line of JSON has `provider`, `model` and `usage`, and may have `id`, `at`, `context` (service_tier, \
                processing, speed, region), `group`, `client`, and prices of its own: `row` (as in a price book, or as \
                in the lists of genai-prices and LiteLLM) or `book`. Each line is answered by one: `state`, `usd`, \
                `row`, `lines`; with `expected_cost_usd` in the question also `exact`.

                EXAMPLES
                  tollgate prices cost --provider openai --model gpt-4o \\
                    --input 1200 --cache-read 1000 --output 300
                  tollgate prices cost --provider anthropic --model claude-haiku-4-5 \\
                    --at 2026-11-20T12:00:00Z --input 5000 --output 900 --tier batch
                  tollgate prices cost --book prices.yaml < usages.ndjson
                """
        )
        @OptionGroup var directory: DirectoryOptions
        @Option(help: "The provider: openai, anthropic, google, ...") var provider: String?
        @Option(help: "The model.") var model: String?
        @Option(help: "When the request started, in RFC 3339; else now.") var at: String?
        @Option(help: "The service tier that was billed: flex, priority, batch, ...") var tier: String?
        @Option(help: "The speed that was billed: fast, ...") var speed: String?
        @Option(help: "The region that was billed: us, ...") var region: String?
        @Flag(help: "The same as --tier batch.") var batch = false
        @Option(help: "The group, for its multiplier.") var group: String?
        @Option(help: "The client, for its multiplier.") var client: String?
        @OptionGroup(title: "Counts") var counts: CountOptions
        @Option(help: ArgumentHelp("A price book, a YAML file.", valueName: "file")) var book: String?
        @Flag(help: "Print JSON.") var json = false

        func run() async throws {
            try await reporting {
                let prices = try await book()
                let answerer = PriceAnswerer(pricer: Pricer(book: prices, revision: 0))
                if model != nil || provider != nil || !counts.members.isEmpty {
                    try one(answerer)
                } else {
                    try many(answerer)
                }
            }
        }

        private func book() async throws -> PriceBook {
            if let book { return try PriceBookSource.read(book) }
            let directory = try directory.directory()
            guard FileManager.default.fileExists(atPath: directory + "/ledger") else { return .builtIn }
            let request = ManagementRequest(path: "/api/prices/current", query: ["format": ["yaml"]])
            let text = try await withRelay(self.directory) { try await $0.collect(request) }
            return try PriceBookSource.parse(text)
        }

        private func one(_ answerer: PriceAnswerer) throws {
            guard let model else {
                throw ManagementError(.badRequest, "Name the model with --model, or give lines of JSON without options")
            }
            var members: [(name: String, value: JSONValue)] = [
                ("model", .string(model)), ("usage", .object(counts.members)),
            ]
            let texts = [
                ("provider", provider), ("at", at), ("tier", batch ? "batch" : tier), ("speed", speed),
                ("region", region), ("group", group), ("client", client),
            ]
            for (name, value) in texts { if let value { members.append((name, .string(value))) } }
            let understood: (PriceQuestion, Pricer)
            do throws(PriceBookError) {
                understood = try answerer.understand(.object(members))
            } catch {
                throw ManagementError(.badRequest, error.message)
            }
            let (question, pricer) = understood
            if json {
                try Output.line(question.answer(by: pricer))
            } else {
                try Output.write(Array(CostTable.text(question, pricer).utf8))
            }
        }

        private func many(_ answerer: PriceAnswerer) throws {
            if isatty(0) == 1 {
                Words.say("Reading usages as lines of JSON from the terminal; see --help for options.")
            }
            var failures = 0
            while let line = readLine() {
                guard line.contains(where: { !$0.isWhitespace }) else { continue }
                let answer: String
                do throws(PriceBookError) {
                    answer = try answerer.answer(line)
                } catch {
                    failures += 1
                    answer = PriceAnswerer.refusal(line, error)
                }
                try Output.line(answer)
            }
            guard failures > 0 else { return }
            throw ManagementError(.invalidBook, "\(failures) lines could not be priced; their answers say why")
        }
    }
}

/// Counts of one usage.
struct CountOptions: ParsableArguments {
    @Option(help: "Input tokens, cached and written ones included.") var input: String?
    @Option(help: "Output tokens, reasoning included.") var output: String?
    @Option(help: "Input tokens read from a cache.") var cacheRead: String?
    @Option(help: "Input tokens written to a cache.") var cacheWrite: String?
    @Option(name: .customLong("cache-write-1h"), help: "Of those, tokens kept for an hour.") var cacheWrite1h: String?
    @Option(help: "Audio tokens in the input.") var inputAudio: String?
    @Option(help: "Image tokens in the input.") var inputImage: String?
    @Option(help: "Video tokens in the input.") var inputVideo: String?
    @Option(help: "Audio tokens in what was read from a cache.") var cacheReadAudio: String?
    @Option(help: "Audio tokens in the output.") var outputAudio: String?
    @Option(help: "Image tokens in the output.") var outputImage: String?
    @Option(help: "Reasoning tokens in the output.") var reasoning: String?
    @Option(help: "Searches of the web.") var webSearches: String?
    @Option(help: "Searches of files.") var fileSearches: String?
    @Option(help: "Sessions of code.") var codeSessions: String?
    @Option(help: "Searches of a reranker.") var rerankSearches: String?
    @Option(help: "Images made.") var images: String?
    @Option(help: "Pages read.") var pages: String?
    @Option(help: "Characters spoken.") var characters: String?
    @Option(help: "Seconds of audio in.") var audioSeconds: String?
    @Option(help: "Seconds of video out.") var videoSeconds: String?
    @Option(help: "Requests, where there is a fee for each.") var requests: String?

    var members: [(name: String, value: JSONValue)] {
        let all = [
            ("input_total", input), ("output_total", output), ("cache_read", cacheRead), ("cache_write", cacheWrite),
            ("cache_write_1h", cacheWrite1h), ("input_audio", inputAudio), ("input_image", inputImage),
            ("input_video", inputVideo), ("cache_read_audio", cacheReadAudio), ("output_audio", outputAudio),
            ("output_image", outputImage), ("reasoning", reasoning), ("web_searches", webSearches),
            ("file_searches", fileSearches), ("code_sessions", codeSessions), ("rerank_searches", rerankSearches),
            ("images", images), ("pages", pages), ("characters", characters), ("audio_seconds", audioSeconds),
            ("video_seconds", videoSeconds), ("requests", requests),
        ]
        return all.compactMap { name, value in value.map { (name, .string($0)) } }
    }
}
