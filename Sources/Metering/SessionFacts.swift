/// Everything that metering learnt from one websocket session.
public struct SessionFacts: Equatable, Sendable {
    /// The sum over the session's turns, in the form of one answer.
    public var answer = ResponseFacts()
    /// The model that the client asked for in a message, at most 256 bytes; nil when none names one.
    public var modelRequested: String?
    /// How many turns the provider ended.
    public var turns: Int64 = 0

    /// Nothing learnt.
    public init() {}
}
