/// Reads one answer as it passes and learns what it used.
public struct ResponseMeter: ~Copyable {
    /// True when the answer is a stream of events.
    public let isStream: Bool
    private var offset: UInt64 = 0
    private var body: [UInt8] = []

    /// A meter for one answer.
    public init(
        route: Route,
        request: RequestFacts,
        status: Int,
        contentType: String?,
        contentEncoding: String?,
        hidesUsageChunk: Bool
    ) {
        isStream = contentType?.hasPrefix("text/event-stream") ?? false
    }

    /// Notes a header of the answer.
    public mutating func header(_ name: String, _ value: String) {}

    /// Reads the next piece of the body.
    public mutating func consume(_ bytes: UnsafeRawBufferPointer) -> StreamVerdict {
        offset += UInt64(bytes.count)
        return StreamVerdict(decided: offset)
    }

    /// Ends the reading and says what was learnt.
    public consuming func finish(_ ending: BodyEnding) -> ResponseFacts { ResponseFacts() }
}
