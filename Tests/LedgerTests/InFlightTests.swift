import Foundation
import Ledger
import Testing

@Suite struct InFlightTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    private func open(_ change: (inout LedgerOptions) -> Void = { _ in }) throws -> Ledger {
        var options = LedgerOptions(directory: directory.path + "/data", slotsPerLane: 8, lanes: 2, slotBytes: 128)
        options.startedDelayMilliseconds = 1_000_000
        change(&options)
        return try Ledger.open(options)
    }

    @Test func claimsAreBounded() throws {
        let ledger = try open()
        defer { ledger.close() }
        let table = ledger.inFlight
        var slots: [InFlightSlot] = []
        for number in 0..<8 { slots.append(try #require(table.claim(lane: 0, record: bytes("\(number)")))) }
        #expect(table.claim(lane: 0, record: [1]) == nil)
        #expect(table.claim(lane: 1, record: [1]) != nil)
        #expect(table.claim(lane: 2, record: [1]) == nil)
        #expect(table.claim(lane: -1, record: [1]) == nil)
        #expect(table.claim(lane: 1, record: [UInt8](repeating: 0, count: 128 - InFlightTable.headerBytes)) != nil)
        #expect(table.claim(lane: 1, record: [UInt8](repeating: 0, count: 129 - InFlightTable.headerBytes)) == nil)
        #expect(table.openCount == 10)
        table.release(slots[3])
        table.release(slots[3])
        #expect(table.openCount == 9)
        let again = try #require(table.claim(lane: 0, record: [9]))
        #expect(again.index == slots[3].index)
        // A stale claim of the same place frees nothing.
        table.release(slots[3])
        #expect(table.openCount == 10)
        #expect(table.claim(lane: 0, record: [1]) == nil)
    }

    @Test func commitFreesTheSlot() throws {
        let ledger = try open()
        defer { ledger.close() }
        let sink = CollectingSink()
        for token in UInt64(0)..<100 {
            let slot = try #require(ledger.inFlight.claim(lane: 0, record: bytes("started \(token)")))
            #expect(ledger.append(bytes("completed"), token: token, slot: slot, sink: sink))
            _ = sink.wait(for: Int(token) + 1)
        }
        #expect(ledger.inFlight.openCount == 0)
        #expect(ledger.head == 100)
    }

    /// A killed process: what it claimed and did not commit is handed out, until it is cleared.
    @Test func leftoversSurviveAKill() throws {
        let killed = try open()
        let sink = CollectingSink()
        let slots = try (0..<5).map { number in
            try #require(killed.inFlight.claim(lane: number % 2, record: bytes("started \(number)")))
        }
        killed.inFlight.release(slots[1])
        #expect(killed.append(bytes("completed"), token: 0, slot: slots[2], sink: sink))
        _ = sink.wait(for: 1)
        killed.abandon()
        let expected = [bytes("started 0"), bytes("started 3"), bytes("started 4")]

        // A crash before the caller dealt with them, in another geometry, with one more of its own.
        let second = try open { $0.slotsPerLane = 16 }
        #expect(Set(second.leftovers) == Set(expected))
        #expect(second.inFlight.openCount == 0)
        _ = second.inFlight.claim(lane: 0, record: bytes("second"))
        second.abandon()

        let third = try open()
        #expect(Set(third.leftovers) == Set(expected + [bytes("second")]))
        third.clearLeftovers()
        third.close()
        let fourth = try open()
        #expect(fourth.leftovers.isEmpty)
        fourth.close()
        let files = try FileManager.default.contentsOfDirectory(atPath: directory.path + "/data")
        #expect(files.filter { $0.hasPrefix("inflight") } == ["inflight"])
    }

    /// Killed between the commit and the release of the slot: the slot itself says that it is settled.
    @Test func settledSlotIsNoLeftover() throws {
        let killed = try open()
        let settled = try #require(killed.inFlight.claim(lane: 0, record: bytes("settled")))
        let ahead = try #require(killed.inFlight.claim(lane: 0, record: bytes("numbered, not stored")))
        try killed.appendAndWait([bytes("completed")])
        killed.inFlight.settle(settled, sequence: 1)
        killed.inFlight.settle(ahead, sequence: 2)
        killed.abandon()
        let ledger = try open()
        #expect(ledger.leftovers == [bytes("numbered, not stored")])
        ledger.close()
    }

    @Test func longRequestsAreRecordedOnce() throws {
        let ledger = try open { $0.startedDelayMilliseconds = 0 }
        defer { ledger.close() }
        let sink = CollectingSink()
        let slot = try #require(ledger.inFlight.claim(lane: 0, record: bytes("started")))
        // Claiming wakes the writer; without a further push the record comes by itself.
        while ledger.head == 0 {}
        #expect(ledger.append(bytes("completed"), token: 5, slot: slot, sink: sink))
        #expect(sink.wait(for: 1) == [Commit(token: 5, sequence: 2)])
        try ledger.appendAndWait([bytes("last")])
        #expect(try ledger.contents() == [bytes("started"), bytes("completed"), bytes("last")])
        #expect(ledger.inFlight.openCount == 0)
        #expect(ledger.treeHead().size == 3)
    }

    @Test(arguments: [0, 7, 16, 4_096, 8_200, 8_210, 8_220])
    func damagedTableDoesNotStopTheStart(offset: Int) throws {
        let killed = try open()
        _ = killed.inFlight.claim(lane: 0, record: bytes("started"))
        killed.abandon()
        let url = URL(fileURLWithPath: directory.path + "/data/inflight")
        var content = [UInt8](try Data(contentsOf: url))
        content[offset] ^= 0xFF
        try Data(content).write(to: url)
        let ledger = try open()
        #expect(ledger.leftovers.count <= 1)
        #expect(try ledger.appendAndWait([[1]]) == 1)
        ledger.close()
    }

    @Test func shortTableDoesNotStopTheStart() throws {
        let killed = try open()
        killed.abandon()
        try Data([1, 2, 3]).write(to: URL(fileURLWithPath: directory.path + "/data/inflight"))
        let ledger = try open()
        #expect(ledger.leftovers.isEmpty)
        ledger.close()
    }
}
