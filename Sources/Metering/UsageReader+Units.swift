import Accounting

extension UsageReader {
    /// Adds what is billed by its number and stands outside the usage object; true when there was any.
    mutating func addUnits(_ tallies: Tallies, toolUsage: [UInt8], countsImages: Bool) -> Bool {
        var found = false
        func add(_ count: Int64, _ unit: UsageUnit) {
            guard count > 0, usage.counts[unit] == nil else { return }
            self.add(count, to: unit)
            found = true
        }
        readToolUsage(toolUsage)
        guard tallies.mask != 0 else { return found }
        add(tallies.webSearchCalls, .webSearches)
        add(tallies.fileSearchCalls, .fileSearches)
        // Calls share their container, and the container is what is billed.
        add(min(1, tallies.codeCalls), .codeSessions)
        add(tallies.searchQueries, .webSearches)
        add(tallies.imageCalls, .images)
        if countsImages { add(tallies.images, .images) }
        return found
    }

    private mutating func readToolUsage(_ toolUsage: [UInt8]) {
        guard !toolUsage.isEmpty else { return }
        toolUsage.withUnsafeBytes { bytes in
            JSONTape(bytes)?.withRoot { root in
                if let searches = root[.webSearch]?[.numRequests]?.count, searches > 0 {
                    add(searches, to: .webSearches)
                }
                guard let tally = root[.imageGen].map(UsageShapes.responses) else { return }
                var clamped: UInt32 = 0
                if (tally.input ?? 0) > 0 || (tally.output ?? 0) > 0 {
                    add(Usage.Additional(model: nil, counts: tally.lines(&clamped)))
                }
            }
        }
    }
}
