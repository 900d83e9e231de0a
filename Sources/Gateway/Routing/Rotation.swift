/// Chooses among candidates in rotation; confined to one event loop.
package struct Rotation: Sendable {
    private var cursor = 0
    private var credit: [Int] = []

    package init() {}

    /// The next candidate that is available and not excluded, else the one that is available soonest: a lone key that
    /// cools down is still used, so that the caller hears the provider's own words.
    package mutating func next(
        count: Int,
        now: Int64,
        excluding tried: [Int],
        availableAt: (Int) -> Int64
    ) -> Int? {
        guard count > 0 else { return nil }
        var soonest: (index: Int, at: Int64)?
        for step in 0..<count {
            let index = (cursor + step) % count
            guard !tried.contains(index) else { continue }
            let at = availableAt(index)
            if at <= now {
                cursor = (index + 1) % count
                return index
            }
            if at < soonest?.at ?? .max { soonest = (index, at) }
        }
        return soonest?.index
    }

    /// Smooth weighted rotation: over a cycle each candidate comes up in proportion to its weight, spread evenly.
    package mutating func nextWeighted(
        weights: (Int) -> Int,
        count: Int,
        now: Int64,
        excluding tried: [Int],
        availableAt: (Int) -> Int64
    ) -> Int? {
        guard count > 1 else { return count == 1 ? 0 : nil }
        if credit.count != count { credit = Array(repeating: 0, count: count) }
        var total = 0
        var best: Int?
        var soonest: (index: Int, at: Int64)?
        for index in 0..<count where !tried.contains(index) {
            let at = availableAt(index)
            guard at <= now else {
                if at < soonest?.at ?? .max { soonest = (index, at) }
                continue
            }
            let weight = weights(index)
            total += weight
            credit[index] += weight
            if best.map({ credit[index] > credit[$0] }) ?? true { best = index }
        }
        guard let chosen = best else { return soonest?.index }
        credit[chosen] -= total
        return chosen
    }
}
