public import Accounting

/// Reads stored raw usage objects again, so that a better reader can be applied to history.
///
/// Pure: the same event gives the same usage in every process of one ``version``.
public enum UsageNormaliser {
    /// The version of the way raw usage objects are read; raised whenever one of them would be read differently.
    public static let version: UInt8 = 2

    /// The usage that the raw object of a stored usage means today.
    ///
    /// Counts that the answer stated outside its usage object (tool calls, images), and work on other models that
    /// stood outside it, are kept as they were stored. So are the source and whether it was complete.
    /// - Parameters:
    ///   - model: the model that the event says was reported or else requested, where the format depends on it.
    /// - Returns: nil when there is no raw object, or one that states nothing that can be understood; then the stored
    ///   usage stands.
    public static func normalise(
        _ stored: Usage,
        dialect: Dialect,
        operation: Operation,
        model: String?
    ) -> Usage? {
        guard let read = read(stored.raw, dialect: dialect, operation: operation, model: model) else { return nil }
        var usage = stored
        usage.counts = read.counts
        stored.counts.forEach { unit, count in
            if unit.side == .other, unit != .inputTool, read.counts[unit] == nil { usage.counts[unit] = count }
        }
        usage.reportedTotal = read.reportedTotal
        usage.serviceTier = read.serviceTier ?? stored.serviceTier
        usage.speed = read.speed
        usage.region = read.region
        usage.providerCost = read.providerCost
        if !read.additional.isEmpty { usage.additional = read.additional }
        return usage
    }

    /// The usage that a raw object means; of an array of them (the turns of a session, the results of a batch), the
    /// sum. Its source is ``Usage/Source/none``, because an object does not know where it was found.
    ///
    /// - Returns: nil when it states nothing that can be understood.
    public static func read(
        _ raw: [UInt8],
        dialect: Dialect,
        operation: Operation,
        model: String?
    ) -> Usage? {
        let isGoogle = dialect == .gemini || model.withBytes { UsageReader.isGoogle($0) }
        var reader = UsageReader(isGoogle: isGoogle)
        if raw.first != Ascii.openBracket {
            return raw.withUnsafeBytes { reader.read($0) } ? reader.usage : nil
        }
        var sum = Usage()
        let isWhole = raw.withUnsafeBytes { bytes in
            JSONTape(bytes)?.withRoot { root in
                var isWhole = true
                root.forEachChild { turn in
                    var reader = UsageReader(isGoogle: isGoogle)
                    if reader.read(turn.bytes) { sum.add(reader.usage) } else { isWhole = false }
                }
                return isWhole
            } ?? false
        }
        sum.raw = []
        return isWhole && !sum.counts.isEmpty ? sum : nil
    }
}
