/// A loss that the operator accepted and that no event tells of yet, in a file of its own: the checkpoint that showed it
/// is replaced when the ledger opens, and the process may end before the event is written.
enum PendingLoss {
    private static func path(_ directory: String) -> String { directory + "/accepted-loss" }

    /// The lost sequences; nil when there is nothing to tell.
    static func read(_ directory: String) throws(LedgerError) -> ClosedRange<UInt64>? {
        let path = path(directory)
        guard let content = try Files.read(path) else { return nil }
        let ends = String(decoding: content, as: UTF8.self).split(separator: "\n").compactMap { UInt64($0) }
        guard ends.count == 2, ends[0] >= 1, ends[0] <= ends[1] else {
            throw LedgerError(
                .damaged,
                "\(path) should hold the first and the last sequence of an accepted loss and does not; restore it, or write "
                    + "the two numbers on a line each"
            )
        }
        return ends[0]...ends[1]
    }

    /// Puts a loss beside one that is there already.
    static func write(_ lost: ClosedRange<UInt64>, _ directory: String) throws(LedgerError) {
        try Files.replace(path(directory), with: Array("\(lost.lowerBound)\n\(lost.upperBound)\n".utf8), mode: 0o600)
    }

    /// Forgets the loss, once an event tells of it.
    static func clear(_ directory: String) throws(LedgerError) {
        guard Files.exists(path(directory)) else { return }
        try Files.remove(path(directory))
    }
}
