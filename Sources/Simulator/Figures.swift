/// The true usage of one simulated answer.
///
/// A function of the request alone: input = words of the prompt + 3 + the `input` control; output = words of the
/// answer + the `reasoning` control. The parts are clamped so that they never exceed the whole.
struct Figures {
    /// All input, cached parts included.
    var input: Int
    var cacheRead: Int
    /// Written for five minutes at Anthropic, for no stated lifetime elsewhere.
    var cacheWrite: Int
    var cacheWrite1h: Int
    /// Visible output; reasoning comes on top.
    var text: Int
    var reasoning: Int
    var searches: Int
    /// Nothing is billed: counting tokens, listing models.
    var free = false

    init(exchange: Exchange, words: Int) {
        let controls = exchange.controls
        input = exchange.promptWords + 3 + controls.input
        cacheRead = min(controls.cached, input)
        cacheWrite = min(controls.cacheWrite, input - cacheRead)
        cacheWrite1h =
            exchange.dialect == .anthropic ? min(controls.cacheWrite1h, input - cacheRead - cacheWrite) : 0
        // Google bills the storage of a cache, not the writing.
        if exchange.dialect == .gemini { cacheWrite = 0 }
        text = words
        reasoning = words > 0 ? controls.reasoning : 0
        searches = exchange.dialect == .anthropic ? controls.searches : 0
        if !exchange.endpoint.generates { (cacheRead, cacheWrite, cacheWrite1h, searches) = (0, 0, 0, 0) }
        free = exchange.endpoint.isFree
    }

    /// Input that was neither read from nor written to a cache.
    var uncached: Int { input - cacheRead - cacheWrite - cacheWrite1h }
    /// All output.
    var output: Int { text + reasoning }

    /// The value of the `x-sim-usage` header: disjoint lines and their totals.
    func header(model: String, dialect: Exchange.Dialect, tier: String?) -> String {
        let write5m = dialect == .anthropic ? cacheWrite : 0
        let other = dialect == .anthropic ? 0 : cacheWrite
        return "{\"model\":\(model.json),\"free\":\(free),\"input_total\":\(input),\"input_text\":\(uncached),"
            + "\"cache_read\":\(cacheRead),\"cache_write_5m\":\(write5m),\"cache_write_1h\":\(cacheWrite1h),"
            + "\"cache_write_other\":\(other),\"output_total\":\(output),\"output_text\":\(text),"
            + "\"reasoning\":\(reasoning),\"total\":\(input + output),\"web_searches\":\(searches),"
            + "\"service_tier\":\(tier.json)}"
    }
}
