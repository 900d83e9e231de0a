import Events

extension CompletedProfile {
    /// The value of the `model` label: what was asked of the provider.
    ///
    /// Not what it reported: refusals report nothing, and the rate of errors of a model must stand under one label.
    var modelLabel: String {
        for name in [modelSent, modelRequested, modelReported] {
            if let name, !name.isEmpty { return name }
        }
        return "unknown"
    }

    static func interrupted(_ started: RequestStarted) -> CompletedProfile {
        var event = RequestCompleted(
            id: started.id,
            time: started.time,
            group: started.group,
            provider: started.provider
        )
        event.client = started.client
        event.operation = started.operation
        event.modelRequested = started.model
        event.outcome = .interrupted
        return CompletedProfile(event)
    }
}
