/// Events in the envelope of CloudEvents 1.0, in its JSON format; <https://cloudevents.io>.
package enum CloudEventJSON {
    /// Adds an event as one object behind other text.
    ///
    /// `source` is the ledger's origin and `id` the sequence, which together name the event for ever. The extension
    /// `sequence` has twenty digits, so that it orders as text. `subject` is the client of a request. `data` is the event
    /// in its own JSON form, which `dataschema` describes.
    ///
    /// - Parameters:
    ///   - schema: the version of the record that the event was read from.
    ///   - names: where it knows the client's, `data` has it beside the id.
    package static func render(
        _ event: Event,
        sequence: UInt64,
        schema: UInt8,
        origin: String,
        names: ClientNames = ClientNames(),
        into json: inout JSONText
    ) {
        json.begin()
        json.object { json in
            json.key("specversion")
            json.string("1.0")
            json.key("id")
            json.string(String(sequence))
            json.key("source")
            json.string(origin)
            json.key("type")
            json.string("dev.tollgate.\(event.kind.name).v\(schema)")
            json.key("time")
            json.string(Timestamp.text(event.time))
            if let subject = subject(event), !subject.isEmpty {
                json.key("subject")
                json.string(subject)
            }
            json.key("datacontenttype")
            json.string("application/json")
            json.key("dataschema")
            json.string("https://tollgate.dev/schemas/\(event.kind.name)\(form(of: event, schema)).schema.json")
            json.key("sequence")
            let digits = String(sequence)
            json.string(String(repeating: "0", count: 20 - digits.utf8.count) + digits)
            json.key("data")
            EventJSON.render(event, sequence: sequence, schema: schema, names: names, into: &json)
        }
    }

    /// What tells a schema of an earlier form apart in its name; most types have had one form only.
    private static func form(of event: Event, _ schema: UInt8) -> String {
        event.kind == .requestCompleted && schema < 2 ? ".v\(schema)" : ""
    }

    private static func subject(_ event: Event) -> String? {
        switch event {
        case .requestCompleted(let event): event.client
        case .requestStarted(let event): event.client
        case .requestInterrupted(let event): event.started.client
        default: nil
        }
    }
}
