internal import Events

/// What a client says about its own request: `x-tollgate-tag-NAME: VALUE` and `x-tollgate-session: VALUE`.
///
/// None of it goes upstream, and none of it can fail a request: what is too long, too much, repeated, or no text of the
/// allowed form is left out of the event.
enum Marks {
    /// Reads the fields of a request's head; a head without any costs a look at each field's kind and nothing else.
    static func read(_ head: MessageHead, into event: inout RequestCompleted) {
        for field in head.fields where field.known == .tollgate { take(field, head, &event) }
    }

    private static func take(_ field: MessageHead.Field, _ head: MessageHead, _ event: inout RequestCompleted) {
        let prefix = "x-tollgate-".utf8.count
        // Checked by length before any text is made of it: a head may hold many long fields.
        guard field.value.count <= Tags.valueLimit, field.name.count <= prefix + 4 + Tags.nameLimit else { return }
        let name = head.text(field.name).lowercased().dropFirst(prefix)
        if name.hasPrefix("tag-") {
            event.tags.add(name: String(name.dropFirst(4)), value: head.text(field.value))
        } else if name == "session", event.session == nil, (1...Tags.sessionLimit).contains(field.value.count) {
            let session = head.text(field.value)
            if session.utf8.count <= Tags.sessionLimit { event.session = session }
        }
    }
}
