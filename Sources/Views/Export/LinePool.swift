internal import Events
internal import Synchronization

/// What threads that render keep from one batch to the next: a batch alone is too short to make it worth remembering
/// anything. Any thread.
final class LinePool: Sendable {
    private let names: ClientNames
    private let spare = Mutex<[CompletedJSON]>([])

    init(names: ClientNames) { self.names = names }

    /// What another batch gave back, or a new one.
    func take() -> CompletedJSON { spare.withLock { $0.popLast() } ?? CompletedJSON(names: names) }

    func give(_ lines: CompletedJSON) { spare.withLock { $0.append(lines) } }
}
