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
        let statesSearches = readToolUsage(toolUsage)
        guard tallies.mask != 0 else { return found }
        // Opening a page is a call as well, so that a stated number of searches is the better one, even zero.
        if !statesSearches { add(tallies.webSearchCalls, .webSearches) }
        add(tallies.fileSearchCalls, .fileSearches)
        // Calls share their container, and the container is what is billed.
        add(min(1, tallies.codeCalls), .codeSessions)
        add(tallies.searchQueries, .webSearches)
        add(tallies.imageCalls, .images)
        if countsImages { add(tallies.images, .images) }
        return found
    }

    /// Adds what `tool_usage` states; true when it states a number of web searches.
    private mutating func readToolUsage(_ toolUsage: [UInt8]) -> Bool {
        guard !toolUsage.isEmpty else { return false }
        return toolUsage.withUnsafeBytes { bytes in
            JSONTape(bytes)?.withRoot { root in
                let searches = root[.webSearch]?[.numRequests]?.count
                if let searches, searches > 0 { add(searches, to: .webSearches) }
                if let tally = root[.imageGen].map(UsageShapes.responses) {
                    var clamped: UInt32 = 0
                    if (tally.input ?? 0) > 0 || (tally.output ?? 0) > 0 {
                        add(Usage.Additional(model: nil, counts: tally.lines(&clamped)))
                    }
                }
                return searches != nil
            } ?? false
        }
    }
}
