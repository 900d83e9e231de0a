import Events
import Foundation
import Ledger
import Testing
import Views

@Suite struct RecoveryTests {
    @Test func whatWasUnderWayIsRecordedOnce() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tollgate-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let ledger = try Ledger.open(LedgerOptions(directory: folder))
        defer { ledger.close() }
        var random = Seeded(1)
        let ended = Traffic.request(1, &random, nil)
        let starts = [ended.id, RequestID(high: 7, low: 8)].map {
            RequestStarted(
                id: $0,
                time: Traffic.start,
                group: "openai",
                client: "alice",
                provider: "openai",
                operation: 1,
                model: "gpt-4o"
            )
        }
        try ledger.appendAndWait(starts.map(EventCodec.encode) + [EventCodec.encode(ended)])
        let views = try ViewService(source: ledger)
        defer { views.close() }
        for expected in [1, 0] {
            let state = views.readBlocking { $0 }
            #expect(try Recovery.interruptLeftovers(ledger: ledger, state: state, now: Traffic.start + 5) == expected)
        }
        #expect(ledger.head == 4)
        let record = try #require(try ledger.record(at: 4))
        #expect(
            try EventCodec.decode(record)
                == .requestInterrupted(RequestInterrupted(started: starts[1], time: Traffic.start + 5))
        )
        #expect(views.readBlocking { $0.open.isEmpty })
    }
}
