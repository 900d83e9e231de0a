import Admin
import Events
import Testing

@Suite struct ClientsTests {
    private func ask(_ fixture: Fixture, _ request: ManagementRequest) async throws -> (status: Int, text: String) {
        try await ManagementAPITests().ask(fixture, request)
    }

    private func request(_ client: String) -> [UInt8] {
        var request = Fixture.request(9)
        request.client = client
        return EventCodec.encode(request)
    }

    @Test func namesStandBesideIDsUntilTheyAreForgotten() async throws {
        let identities = Identities()
        let id = try #require(try identities.ids(for: ["bob"], now: 7)["bob"])
        let fixture = try Fixture(identities: identities, more: [request(id)])
        let list = try await ask(fixture, ManagementRequest(path: "/api/clients"))
        #expect(list.text.contains(#"{"id":"\#(id)","name":"bob","since":"1970-01-01T00:00:00.000007Z"}"#))
        let report = ManagementRequest(path: "/api/report", query: ["by": ["client"]])
        #expect(try await ask(fixture, report).text.contains(#""bob""#))
        #expect(
            try await ask(fixture, ManagementRequest(path: "/api/events/5")).text.contains(#""client_name": "bob""#)
        )
        let export = ManagementRequest(path: "/api/export")
        let before = try await ask(fixture, export).text
        #expect(!before.contains("bob"))

        let order = ManagementRequest(method: "POST", path: "/api/clients/forget", query: ["client": ["bob"]])
        let answer = try await ask(fixture, order)
        #expect(answer.text == #"{"id":"\#(id)","requests":1,"configured":false,"requests_with_name":0}"# + "\n")
        #expect(try await ask(fixture, order).status == 404)
        #expect(try await ask(fixture, report).text.contains(id))
        #expect(try await !ask(fixture, ManagementRequest(path: "/api/events/5")).text.contains("bob"))
        #expect(try await ask(fixture, ManagementRequest(path: "/api/clients")).text == #"{"clients":[]}"# + "\n")
        // But for the checkpoint's time, what was exported is exported again.
        #expect(
            try await ask(fixture, export).text.split(separator: "\n").dropLast()
                == before.split(separator: "\n").dropLast()
        )
    }

    @Test func forgettingTellsOfEventsThatHoldTheName() async throws {
        let identities = Identities()
        _ = try identities.ids(for: ["alice"], now: 7)
        let fixture = try Fixture(identities: identities)
        let query = ["client": ["alice"], "format": ["table"]]
        let order = ManagementRequest(method: "POST", path: "/api/clients/forget", query: query)
        #expect(try await ask(fixture, order).text.contains("3 requests of schema version 1 hold the name itself"))
        let again = try await ask(fixture, order)
        #expect(again.status == 404)
        #expect(again.text.contains("3 requests of schema version 1"))
        let nobody = ManagementRequest(method: "POST", path: "/api/clients/forget")
        #expect(try await ask(fixture, nobody).status == 400)
    }

    @Test func theSchemaIsListed() async throws {
        let fixture = try Fixture()
        let json = try await ask(fixture, ManagementRequest(path: "/api/schema"))
        #expect(json.text.contains(#""kinds":{"schema.adopted":1,"request.completed":3}"#))
        #expect(json.text.contains(#""contradictions":0,"first_contradiction":null"#))
        let table = try await ask(fixture, ManagementRequest(path: "/api/schema", query: ["format": ["table"]]))
        #expect(table.text.contains("request.completed"))
    }

    @Test func aNewerLedgerIsListedButNotReportedOn() async throws {
        let newer: [[UInt8]] = [[Schema.current + 1, 1, 0], [Schema.current + 1, 77]]
        let fixture = try Fixture(isServing: false, more: newer)
        let report = try await ask(fixture, ManagementRequest(path: "/api/report"))
        #expect(report.status >= 400)
        #expect(report.text.contains("newer Tollgate"))
        let table = try await ask(fixture, ManagementRequest(path: "/api/schema", query: ["format": ["table"]]))
        #expect(table.text.contains("unknown to this version"))
        #expect(table.text.contains("kind 77"))
    }
}
