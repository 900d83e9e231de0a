internal import Events
internal import Ledger
internal import Metering
internal import NIOPosix
internal import Synchronization

extension GatewayCounters {
    /// How many records at the ledger's end are looked through before the gateway listens: some ten milliseconds' worth.
    private static let awaitedRecords: UInt64 = 10_000
    /// How many are looked through in all.
    private static let recalledRecords: UInt64 = 200_000
    /// How many answers of each kind are recalled, so that both find room.
    private static let recalledAnswers = 16_000

    /// Learns from the newest records which stored answers were billed before this start, so that none is billed again.
    ///
    /// - Returns: the first of those records, for ``recallBilled(before:from:)``.
    func recallBilled(from ledger: Ledger) async -> UInt64 {
        let head = ledger.head
        guard head > 0 else { return 0 }
        let recent = head > Self.awaitedRecords ? head - Self.awaitedRecords + 1 : 1
        try? await NIOThreadPool.singleton.runIfActive { self.recall(recent...head, from: ledger) }
        return recent
    }

    /// Learns the same from the records before those, beside serving: a long history must not keep the gateway from
    /// listening. Returns at once.
    func recallBilled(before recent: UInt64, from ledger: Ledger) {
        guard recent > 1 else { return }
        let last = recent - 1
        let count = Self.recalledRecords - Self.awaitedRecords
        NIOThreadPool.singleton.submit { state in
            if case .active = state { self.recall((last > count ? last - count + 1 : 1)...last, from: ledger) }
        }
    }

    /// Reads the store, so it is called on a thread that may block. What cannot be read is left out.
    private func recall(_ range: ClosedRange<UInt64>, from ledger: Ledger) {
        var stored: [(group: String, answer: String)] = []
        // A chat is rarely stored, and its event does not say; chats are many and must not push the others out.
        var chats: [(group: String, answer: String)] = []
        try? ledger.scan(from: range.lowerBound, through: range.upperBound) { _, record in
            guard let answer = StoredAnswer(record, wanted: { Self.isRecalled(Metering.Operation(rawValue: $0)) })
            else {
                return true
            }
            if answer.operation != Metering.Operation.chat.rawValue {
                stored.append((answer.group, answer.responseID ?? answer.path))
            } else if let id = answer.responseID {
                chats.append((answer.group, id))
            }
            return true
        }
        billed.withLock { billed in
            for (group, answer) in chats.suffix(Self.recalledAnswers) { _ = billed.bill(group: group, answer: answer) }
            for (group, answer) in stored.suffix(Self.recalledAnswers) { _ = billed.bill(group: group, answer: answer) }
        }
    }

    private static func isRecalled(_ operation: Metering.Operation?) -> Bool {
        switch operation {
        case .response, .poll, .batch, .chat: true
        default: false
        }
    }
}
