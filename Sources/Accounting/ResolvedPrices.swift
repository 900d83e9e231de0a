/// The rows of a book for one model, made by ``Pricer/resolve(provider:modelReported:modelSent:)``.
///
/// Immutable; safe to use from any thread. Which of the rows prices a request depends on its time and conditions.
public final class ResolvedPrices: Sendable {
    /// In order of precedence.
    private let rows: [CompiledRow]
    /// Whether what the response said of tier, speed and region has a say.
    package let looksAtConditions: Bool

    init(rows: [CompiledRow]) {
        self.rows = rows
        looksAtConditions = rows.contains { $0.conditions.count > 0 }
    }

    /// The row for a usage at a time; nil when none holds.
    func row(for usage: Usage, microseconds: Int64) -> CompiledRow? {
        row(tier: usage.serviceTier, speed: usage.speed, region: usage.region, microseconds: microseconds)
    }

    /// The row for what a response said of its tier, speed and region, at a time; nil when none holds.
    func row(tier: String?, speed: String?, region: String?, microseconds: Int64) -> CompiledRow? {
        // Floor division: a moment before 1970 belongs to the second that it is in.
        let seconds = microseconds >= 0 ? microseconds / 1_000_000 : -((-(microseconds + 1)) / 1_000_000) - 1
        guard looksAtConditions else { return rows.first { $0.effectiveFrom <= seconds } }
        let tier = tier.map(PriceConditions.normalizedTier)
        let speed = speed?.asciiLowercased
        let region = region?.asciiLowercased
        return rows.first {
            $0.effectiveFrom <= seconds
                && $0.conditions.hold(tier: tier, speed: speed, region: region, seconds: seconds)
        }
    }
}
