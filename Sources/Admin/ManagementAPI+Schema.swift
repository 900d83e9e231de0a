import Events
import Views

extension ManagementAPI {
    /// `/api/schema`: the schema versions that the ledger holds, by a pass over all of it.
    func schema(_ request: ManagementRequest) async throws -> ManagementAnswer {
        let isTable = try request.choice("format", ["json", "table"]) == "table"
        let source = backend.history
        let head = source.head
        let survey = try await blocking { try SchemaSurvey(source, through: head) }
        return isTable
            ? .text(Self.table(survey))
            : ManagementAnswer(contentType: MediaType.json, body: .whole(Self.json(survey, head) + [0x0a]))
    }

    private static func json(_ survey: SchemaSurvey, _ head: UInt64) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("current", Schema.current)
            json.field("records", head)
            json.field("versions") { json in
                json.list { json in
                    for version in survey.versions {
                        json.object { json in
                            json.field("version", version.version)
                            json.field("known", version.isKnown)
                            json.field("adopted") { $0.raw(version.marker.map(String.init) ?? "null") }
                            json.field("hash", version.hash.isEmpty ? nil : hexText(version.hash))
                            json.field("first", version.first)
                            json.field("last", version.last)
                            json.field("records", version.records)
                            json.field("kinds") { json in
                                json.object { json in
                                    for (kind, count) in version.kinds.sorted(by: { $0.key < $1.key }) {
                                        json.field(name(kind), count)
                                    }
                                }
                            }
                        }
                    }
                }
            }
            json.field("contradictions", survey.contradictions)
            json.field("first_contradiction") { $0.raw(survey.firstContradiction.map(String.init) ?? "null") }
        }
        return json.bytes
    }

    private static func table(_ survey: SchemaSurvey) -> String {
        var table = TextTable([">version", ">adopted", ">first", ">last", ">records", "hash", ""])
        for version in survey.versions {
            table.add([
                String(version.version), version.marker.map(String.init) ?? "-", String(version.first),
                String(version.last), String(version.records), String(hexText(version.hash).prefix(16)),
                version.isKnown ? version.version == Schema.current ? "current" : "" : "unknown to this version",
            ])
        }
        var kinds = TextTable([">version", "kind", ">records"])
        for version in survey.versions {
            for (kind, count) in version.kinds.sorted(by: { $0.key < $1.key }) {
                kinds.add([String(version.version), name(kind), String(count)])
            }
        }
        var text = table.text + "\n" + kinds.text
        if let first = survey.firstContradiction {
            text +=
                "\n\(survey.contradictions) records do not carry the version that was adopted before them, the first of "
                + "them \(first): run `tollgate verify`.\n"
        }
        return text
    }

    private static func name(_ kind: UInt8) -> String { EventKind(rawValue: kind)?.name ?? "kind \(kind)" }
}
