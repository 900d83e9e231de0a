import Accounting
import Admin
import Events
import Foundation
import Ledger
import Testing

@Suite struct ManagementAPITests {
    func ask(_ fixture: Fixture, _ request: ManagementRequest) async throws -> (status: Int, text: String) {
        let collected = Collected()
        let status = try await LocalTransport(handler: fixture.api).perform(request) { _, piece in
            await collected.add(piece)
        }
        return (status, String(decoding: await collected.bytes, as: UTF8.self))
    }

    @Test func answersQuestions() async throws {
        let fixture = try Fixture()
        #expect(try await ask(fixture, ManagementRequest(path: "/healthz")) == (200, "alive\n"))
        #expect(try await ask(fixture, ManagementRequest(path: "/readyz")).status == 200)
        let report = try await ask(fixture, ManagementRequest(path: "/api/report", query: ["by": ["client"]]))
        #expect(report.status == 200)
        #expect(report.text.contains("alice"))
        let status = try await ask(fixture, ManagementRequest(path: "/api/status"))
        #expect(status.text.contains(#""head":4"#))
        #expect(try await ask(fixture, ManagementRequest(path: "/")).text.contains("<!doctype html>"))
    }

    @Test func metricsSpeakBothFormats() async throws {
        let fixture = try Fixture()
        let plain = try await ask(fixture, ManagementRequest(path: "/metrics"))
        #expect(plain.text.contains("tollgate_requests_total{"))
        #expect(plain.text.contains("gpt_load_requests_total{"))
        let open = try await ask(fixture, ManagementRequest(path: "/metrics", accept: "application/openmetrics-text"))
        #expect(open.text.hasSuffix("# EOF\n"))
    }

    @Test func exportsEventsInOrder() async throws {
        let fixture = try Fixture()
        let lines = try await ask(fixture, ManagementRequest(path: "/api/export")).text.split(separator: "\n")
        #expect(lines.count == 6)
        #expect(lines.first?.contains("export.manifest") == true)
        #expect(lines.dropLast().last?.contains(#""seq":4"#) == true)
        #expect(lines.last?.contains("export.trailer") == true)
        let filtered = try await ask(fixture, ManagementRequest(path: "/api/export", query: ["client": ["bob"]]))
        #expect(filtered.text.split(separator: "\n").map { $0.prefix(23) }.contains(#"{"type":"export.omitted"#))
        let table = try await ask(fixture, ManagementRequest(path: "/api/export", query: ["format": ["csv"]]))
        #expect(table.text.split(separator: "\r\n").count == 4)
        let tail = try await ask(fixture, ManagementRequest(path: "/api/events", query: ["from": ["3"]]))
        #expect(tail.text.split(separator: "\n").count == 2)
        let beyond = try await ask(fixture, ManagementRequest(path: "/api/export", query: ["from": ["99"]]))
        #expect(beyond.status == 404)
        for query in [["type": ["nothing"]], ["format": ["lines"]], ["since": ["x"]], ["after": ["3"]]] {
            #expect(try await ask(fixture, ManagementRequest(path: "/api/export", query: query)).status == 400)
        }
    }

    @Test func inspectsBySequenceAndIdentity() async throws {
        let fixture = try Fixture()
        #expect(try await ask(fixture, ManagementRequest(path: "/api/events/2")).text.contains("request.completed"))
        let id = "0192f0c1-0000-7000-8000-000000000002"
        #expect(try await ask(fixture, ManagementRequest(path: "/api/events/\(id)")).text.contains(id))
        #expect(try await ask(fixture, ManagementRequest(path: "/api/events/9")).status == 404)
        #expect(try await ask(fixture, ManagementRequest(path: "/api/events/x")).status == 400)
    }

    @Test func pricesAreShownComparedAndAdopted() async throws {
        let fixture = try Fixture()
        let body = Array("rows: []".utf8)
        #expect(try await ask(fixture, ManagementRequest(path: "/api/prices/current")).status == 404)
        let wrong = try await ask(fixture, ManagementRequest(method: "POST", path: "/api/prices/adopt", body: [1]))
        #expect(wrong.status == 422)
        #expect(wrong.text.contains("not a book"))
        let compared = try await ask(
            fixture,
            ManagementRequest(method: "POST", path: "/api/prices/diff", query: ["format": ["table"]], body: body)
        )
        #expect(compared.text.contains("Rows: 0 added"))
        let adopted = try await ask(
            fixture,
            ManagementRequest(method: "POST", path: "/api/prices/adopt", query: ["origin": ["/a/b.yaml"]], body: body)
        )
        #expect(adopted.text.contains(#""seq":5"#))
        #expect(try await ask(fixture, ManagementRequest(path: "/api/prices")).text.contains(#""origin":"b.yaml""#))
        #expect(try await ask(fixture, ManagementRequest(path: "/api/prices/1")).text == "rows: []\n")
    }

    @Test func modelsWithoutAPriceAreListed() async throws {
        let fixture = try Fixture()
        var request = Fixture.request(9)
        request.modelSent = "mystery"
        request.modelReported = "mystery"
        request.cost = .init(state: .unpriced)
        try fixture.ledger.appendAndWait([EventCodec.encode(.requestCompleted(request))])
        let listed = try await ask(fixture, ManagementRequest(path: "/api/prices/missing"))
        #expect(listed.status == 200)
        #expect(listed.text.contains(#""model":"mystery","group":"openai""#))
        let table = ManagementRequest(path: "/api/prices/missing", query: ["format": ["table"]])
        #expect(try await ask(fixture, table).text.contains("mystery"))
        let order = ManagementRequest(method: "POST", path: "/api/prices/missing")
        #expect(try await ask(fixture, order).status == 405)
    }

    @Test func rebuildTellsItsEnd() async throws {
        let fixture = try Fixture()
        let lines = try await ask(fixture, ManagementRequest(method: "POST", path: "/api/rebuild")).text
        #expect(lines.split(separator: "\n").last?.contains(#""finished":true"#) == true)
    }

    @Test(arguments: [
        ("GET", "/nothing", 404), ("GET", "/api/rebuild", 405), ("POST", "/api/export", 405),
        ("DELETE", "/metrics", 405), ("GET", "/api/prices/77", 404),
    ])
    func refuses(_ method: String, _ path: String, _ status: Int) async throws {
        let answer = try await ask(try Fixture(), ManagementRequest(method: method, path: path))
        #expect(answer.status == status)
        #expect(answer.text.hasPrefix(#"{"error":{"code":"#))
    }

    @Test(arguments: [
        ["format": ["xml"]], ["by": ["colour"]], ["since": ["yesterday"]], ["top": ["many"]], ["where": ["x"]],
    ])
    func refusesWrongParameters(_ query: [String: [String]]) async throws {
        let answer = try await ask(try Fixture(), ManagementRequest(path: "/api/report", query: query))
        #expect(answer.status == 400)
    }
}

/// Bytes that come in pieces.
actor Collected {
    private(set) var bytes: [UInt8] = []

    func add(_ piece: [UInt8]) { bytes += piece }
}
