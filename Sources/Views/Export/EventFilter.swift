public import Events

/// Which events an export has; what says nothing lets everything pass.
///
/// Values of one field are alternatives, fields must all hold. An event that has no group, client or model does not
/// pass where one is asked for.
public struct EventFilter: Equatable, Sendable {
    /// Events before this are left out; microseconds since 1970 (UTC). A request's time is that of its start.
    public var since: Int64?
    /// Events at this or later are left out; microseconds since 1970 (UTC).
    public var until: Int64?
    /// The groups; sorted.
    public private(set) var groups: [String]
    /// The clients; sorted.
    public private(set) var clients: [String]
    /// The models, as requested, sent or reported; sorted.
    public private(set) var models: [String]
    /// The event types, such as `request.completed`; sorted.
    public private(set) var types: [String]

    /// A filter; the order of the values and repeated ones do not matter.
    public init(
        since: Int64? = nil,
        until: Int64? = nil,
        groups: [String] = [],
        clients: [String] = [],
        models: [String] = [],
        types: [String] = []
    ) {
        self.since = since
        self.until = until
        self.groups = Set(groups).sorted()
        self.clients = Set(clients).sorted()
        self.models = Set(models).sorted()
        self.types = Set(types).sorted()
    }

    /// True when every event passes.
    public var isEmpty: Bool { self == EventFilter() }

    /// The names of the event types.
    public static let knownTypes: [String] = EventKind.allCases.map(\.name)

    /// Whether an event passes.
    public func passes(_ event: Event) -> Bool {
        if let since, event.time < since { return false }
        if let until, event.time >= until { return false }
        if !types.isEmpty, !types.contains(event.kind.name) { return false }
        guard !groups.isEmpty || !clients.isEmpty || !models.isEmpty else { return true }
        switch event {
        case .requestCompleted(let event):
            return passes(
                event.group,
                event.client,
                [event.modelRequested, event.modelSent, event.modelReported]
            )
        case .requestStarted(let event): return passes(event.group, event.client, [event.model])
        case .requestInterrupted(let event):
            return passes(event.started.group, event.started.client, [event.started.model])
        default: return false
        }
    }

    private func passes(_ group: String, _ client: String, _ names: [String?]) -> Bool {
        (groups.isEmpty || groups.contains(group)) && (clients.isEmpty || clients.contains(client))
            && (models.isEmpty || names.contains { name in name.map(models.contains) ?? false })
    }

    /// The fields with the names they have in a query and in a manifest.
    private var lists: [(name: StaticString, values: [String])] {
        [("group", groups), ("client", clients), ("model", models), ("type", types)]
    }

    /// An object with the fields that say something, in a fixed order.
    func write(_ json: inout JSONText) {
        json.object { json in
            if let since {
                json.key("since")
                json.string(Timestamp.text(since))
            }
            if let until {
                json.key("until")
                json.string(Timestamp.text(until))
            }
            for (name, values) in lists where !values.isEmpty {
                json.key(name)
                json.array { json in for value in values { json.string(value) } }
            }
        }
    }

    /// Reads what ``write(_:)`` wrote; nil when it is something else.
    init?(_ node: JSONNode?) {
        guard case .object(let members)? = node else { return nil }
        self.init()
        for (name, value) in members {
            switch name {
            case "since", "until":
                guard let time = value.text.flatMap({ Timestamp.parse($0) }) else { return nil }
                if name == "since" { since = time } else { until = time }
            case "group", "client", "model", "type":
                guard let elements = value.elements else { return nil }
                let values = elements.compactMap(\.text)
                guard values.count == elements.count else { return nil }
                switch name {
                case "group": groups = values
                case "client": clients = values
                case "model": models = values
                default: types = values
                }
            default: return nil
            }
        }
    }

    /// The fields as those of a query to the management side.
    public var query: [String: [String]] {
        var query: [String: [String]] = [:]
        if let since { query["since"] = [Timestamp.text(since)] }
        if let until { query["until"] = [Timestamp.text(until)] }
        for (name, values) in lists where !values.isEmpty { query["\(name)"] = values }
        return query
    }
}
