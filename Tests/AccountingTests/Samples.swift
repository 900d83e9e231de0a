import Accounting

/// Counts from a dictionary.
func counts(_ values: [UsageUnit: Int64]) -> UsageCounts {
    var counts = UsageCounts()
    for (unit, count) in values { counts[unit] = count }
    return counts
}

/// A usage of some counts.
func usage(_ values: [UsageUnit: Int64], tier: String? = nil, speed: String? = nil) -> Usage {
    var usage = Usage()
    usage.source = .body
    usage.complete = true
    usage.counts = counts(values)
    usage.serviceTier = tier
    usage.speed = speed
    return usage
}

/// A table from price texts.
func prices(_ texts: [UsageUnit: String]) throws -> PriceTable {
    var table = PriceTable()
    for (unit, text) in texts { table[unit] = try Rate(text) }
    return table
}

/// A row for one exact model of the provider `p`.
func row(
    _ model: String = "m",
    _ texts: [UsageUnit: String],
    from: Int64 = 0,
    conditions: PriceConditions = PriceConditions()
) throws -> PriceRow {
    PriceRow(
        provider: "p",
        match: .exact(model),
        effectiveFrom: from,
        conditions: conditions,
        prices: try prices(texts)
    )
}

func pricer(_ rows: [PriceRow]) throws -> Pricer { Pricer(book: try PriceBook(rows: rows), revision: 7) }

func query(_ model: String? = "m", sent: String? = nil, provider: String = "p", second: Int64 = 1_800_000_000)
    -> PriceQuery
{
    PriceQuery(provider: provider, modelReported: model, modelSent: sent, time: second * 1_000_000)
}

func decode(_ bytes: [UInt8]) throws -> PriceBook {
    try bytes.withUnsafeBytes { try PriceBook(decoding: $0) }
}
