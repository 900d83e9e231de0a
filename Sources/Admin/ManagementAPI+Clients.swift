import Events
import Views

extension ManagementAPI {
    /// `/api/clients`: the clients whose names are known, with the ids that events hold in their place.
    func clients(_ request: ManagementRequest) throws(ManagementError) -> ManagementAnswer {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        let clients = backend.identities.clients
        if isTable {
            var table = TextTable(["id", "name", "since"])
            for client in clients { table.add([client.id, client.name, Timestamp.text(client.since)]) }
            return .text(table.text)
        }
        var json = JSONWriter()
        json.object { json in
            json.field("clients") { json in
                json.list { json in
                    for client in clients {
                        json.object { json in
                            json.field("id", client.id)
                            json.field("name", client.name)
                            json.field("since", Timestamp.text(client.since))
                        }
                    }
                }
            }
        }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(json.bytes + [0x0a]))
    }

    /// `/api/clients/forget`: removes the name of `client`, given by name or id, from beside the ledger.
    func forget(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        guard let client = request["client"], !client.isEmpty else {
            throw ManagementError(.badRequest, "`client` must be the name or the id of a client")
        }
        let backend = backend
        let literal = await backend.views.read { Identities.isID(client) ? 0 : $0.requests(ofClient: client) }
        guard let forgotten = try await backend.forget(client) else {
            let known = literal > 0 ? "; \(Self.note(literal))" : "; `tollgate clients` lists those that there are"
            throw ManagementError(.notFound, "No client \(client.prefix(256)) is in the table of names\(known)")
        }
        let (count, old) = await backend.views.read { state in
            (state.requests(ofClient: forgotten.id), state.requests(ofClient: forgotten.name))
        }
        if isTable {
            var text = "Removed the name of \(forgotten.id). \(count) requests stay in the ledger under that id.\n"
            if forgotten.isConfigured {
                text +=
                    "The configuration or the price book names this client still: what comes of it is recorded under a "
                    + "new id.\n"
            }
            if old > 0 { text += Self.note(old) + "\n" }
            return .text(text)
        }
        var json = JSONWriter()
        json.object { json in
            json.field("id", forgotten.id)
            json.field("requests", count)
            json.field("configured", forgotten.isConfigured)
            json.field("requests_with_name", old)
        }
        return ManagementAnswer(contentType: MediaType.json, body: .whole(json.bytes + [0x0a]))
    }

    private static func note(_ requests: UInt64) -> String {
        "\(requests) requests of schema version 1 hold the name itself, which cannot be taken out without breaking the "
            + "ledger's proofs"
    }
}
