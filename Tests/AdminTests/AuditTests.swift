import Admin
import Foundation
import Ledger
import Testing

@Suite struct AuditTests {
    private func ask(
        _ fixture: Fixture,
        _ path: String,
        _ query: [String: String] = [:],
        method: String = "GET",
        body: String = ""
    ) async throws -> (status: Int, text: String) {
        let collected = Collected()
        let request = ManagementRequest(
            method: method,
            path: path,
            query: query.mapValues { [$0] },
            body: Array(body.utf8)
        )
        let status = try await LocalTransport(handler: fixture.api).perform(request) { _, piece in
            await collected.add(piece)
        }
        return (status, String(decoding: await collected.bytes, as: UTF8.self))
    }

    private func key(_ fixture: Fixture) async throws -> VerifierKey {
        let text = try await ask(fixture, "/api/key").text
        #expect(text.hasSuffix("\n"))
        return try VerifierKey(text: text.dropLast())
    }

    @Test func proofsOfEventsVerify() async throws {
        let fixture = try Fixture()
        let key = try await key(fixture)
        for name in ["1", "4", "0192f0c1-0000-7000-8000-000000000002"] {
            let answer = try await ask(fixture, "/api/proof", ["event": name])
            #expect(answer.status == 200)
            let proven = try ProofText(text: Array(answer.text.utf8)).verify(key: key)
            let report = AuditReport(proven: proven)
            let json = String(decoding: report.json, as: UTF8.self)
            #expect(json.contains(#""verified":true,"kind":"inclusion""#))
            #expect(json.contains(name.count > 2 ? name : #""seq":\#(name)"#))
        }
        let bare = try await ask(fixture, "/api/proof", ["event": "2", "record": "false", "size": "3"])
        #expect(!bare.text.contains("extra"))
        let record = try #require(try fixture.ledger.record(at: 2))
        _ = try ProofText(text: Array(bare.text.utf8)).verify(key: key, record: record)
    }

    @Test func growthIsProved() async throws {
        let fixture = try Fixture()
        let key = try await key(fixture)
        let kept = try Checkpoint(note: try await ask(fixture, "/api/checkpoint", ["size": "2"]).text, key: key)
        let text = try await ask(fixture, "/api/proof", ["from": "2"]).text
        guard case .consistent(let old, let new) = try ProofText(text: Array(text.utf8)).verify(key: key, trusted: kept)
        else {
            Issue.record("no consistency: \(text)")
            return
        }
        #expect(old == kept && new.size == 4)
    }

    @Test(arguments: [
        (["event": "5"], 404), (["event": "x"], 400), (["event": "3", "size": "2"], 404), (["from": "5"], 404),
        (["from": "2", "to": "9"], 404), (["from": "3", "to": "2"], 404), ([:], 400), (["from": "-1"], 400),
        (["event": "1", "record": "maybe"], 400),
    ])
    func impossibleProofsAreRefused(query: [String: String], status: Int) async throws {
        let fixture = try Fixture()
        #expect(try await ask(fixture, "/api/proof", query).status == status)
    }

    @Test func wholeLedgerIsAudited() async throws {
        let fixture = try Fixture()
        let answer = try await ask(fixture, "/api/audit", method: "POST")
        let last = try #require(answer.text.split(separator: "\n").last)
        let report = try #require(AuditReport(json: Array(last.utf8)))
        #expect(report.failure == nil)
        #expect(last.contains(#""records":4"#))
        #expect(String(decoding: report.json, as: UTF8.self) == last + "\n")
    }

    @Test func keptCheckpointsAreCompared() async throws {
        let fixture = try Fixture()
        let good = try await ask(fixture, "/api/checkpoint", ["size": "2"]).text
        let sound = try await ask(fixture, "/api/audit", method: "POST", body: good + "\n" + good)
        #expect(sound.text.contains(#""verified":true"#))
        #expect(try await ask(fixture, "/api/audit", method: "POST", body: "garbage").status == 400)
        let forged = good.replacingOccurrences(of: "\n2\n", with: "\n3\n")
        #expect(try await ask(fixture, "/api/audit", method: "POST", body: forged).status == 400)
    }

    /// A year of checkpoints is more than a request may carry.
    @Test func manyKeptCheckpointsAreThinned() async throws {
        let fixture = try Fixture()
        let key = try await key(fixture)
        let notes = try [1, 2, 3, 4].map { try fixture.ledger.checkpoint(size: $0) + "\n" }
        let repeated = String(repeating: notes[0], count: KeptCheckpoints.limit / notes[0].utf8.count)
        let many = Array((notes[1] + repeated + notes[2] + notes[3]).utf8)
        #expect(many.count > KeptCheckpoints.limit)
        let thinned = KeptCheckpoints.thinned(many)
        #expect(thinned.count <= KeptCheckpoints.limit && thinned.count > KeptCheckpoints.limit / 4)
        let text = String(decoding: thinned, as: UTF8.self)
        #expect(try Checkpoint(note: try #require(Checkpoint.notes(in: text).last), key: key).size == 4)
        let few = Array(notes.joined().utf8)
        #expect(KeptCheckpoints.thinned(few) == few)
        #expect(try KeptCheckpoints(few, key: key).checkpoints.map(\.size) == [1, 2, 3, 4])
    }

    @Test func failuresGoThroughJSON() throws {
        for kind in AuditFailure.Kind.allCases {
            for sequences in [nil, 3...7] as [ClosedRange<UInt64>?] {
                let failure = AuditFailure(kind, "a \"quoted\" reason\n", at: sequences)
                #expect(AuditReport(json: AuditReport(kind: "ledger", failure: failure).json)?.failure == failure)
            }
        }
        #expect(AuditReport(json: Array("{}".utf8)) == nil)
        #expect(AuditReport(json: []) == nil)
    }
}
