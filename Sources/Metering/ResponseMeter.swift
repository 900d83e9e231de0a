/// Reads one answer as it passes and learns what it used.
///
/// Memory is constant and nothing is allocated per piece in the steady state. Bytes from outside can make usage
/// unknown, but never make this fail. Confined to one thread or event loop at a time.
public struct ResponseMeter: ~Copyable {
    /// How the body is cut into documents.
    enum Framing { case unknown, json, events, amazon, opaque }

    /// True when the answer is a stream of events; decided by content type and route, and by the first byte where
    /// those say nothing.
    public private(set) var isStream: Bool

    /// The bytes that are allocated for this answer, its decoder apart.
    package var footprint: Int { reader.footprint + amazon.footprint }

    let route: Route
    let modelRequested: String?
    var framing: Framing
    var reader = AnswerReader()
    var headers = LooseCounts()
    var unreadable = false
    let inflater: Inflater?
    private let hides: Bool
    private let media: MediaType
    private var events = EventScanner()
    private var amazon = AmazonEventScanner()
    private var json = JSONFraming()
    private var offset: UInt64 = 0
    private var released: UInt64 = 0
    private var terminal: UInt64?
    private var dropped: Range<UInt64>?
    private var lastDropEnd: UInt64?

    /// An incomplete event longer than this cannot be the usage chunk and is no longer held back.
    private static let holdLimit: UInt64 = 64 * 1024

    /// A meter for one answer.
    ///
    /// - Parameters:
    ///   - hidesUsageChunk: drop the usage chunk that the client did not ask for; without effect on a compressed body.
    public init(
        route: Route,
        request: RequestFacts,
        status: Int,
        contentType: String?,
        contentEncoding: String?,
        hidesUsageChunk: Bool
    ) {
        self.init(
            route: route,
            request: request,
            status: status,
            media: contentType.withBytes { MediaType($0) },
            coding: contentEncoding.withBytes { ContentCoding($0) },
            hidesUsageChunk: hidesUsageChunk
        )
    }

    /// A meter for one answer, from the values of its headers as they stand in its head; empty where it has none.
    public init(
        route: Route,
        request: RequestFacts,
        status: Int,
        contentType: UnsafeRawBufferPointer,
        contentEncoding: UnsafeRawBufferPointer,
        hidesUsageChunk: Bool
    ) {
        self.init(
            route: route,
            request: request,
            status: status,
            media: MediaType(contentType),
            coding: ContentCoding(contentEncoding),
            hidesUsageChunk: hidesUsageChunk
        )
    }

    private init(
        route: Route,
        request: RequestFacts,
        status: Int,
        media: MediaType,
        coding: ContentCoding,
        hidesUsageChunk: Bool
    ) {
        self.route = route
        modelRequested = route.model ?? request.model
        self.media = media
        framing = (200..<300).contains(status) ? media.framing : .opaque
        isStream = media.isStream || (media == .json && route.stream == true)
        switch coding {
        case .identity:
            inflater = nil
            hides = hidesUsageChunk
        case .gzip:
            inflater = Inflater(gzip: true)
            hides = false
            unreadable = inflater == nil
        case .deflate:
            inflater = Inflater(gzip: false)
            hides = false
            unreadable = inflater == nil
        case .unknown:
            inflater = nil
            hides = false
            unreadable = framing != .opaque
            framing = .opaque
        }
    }

    /// Notes a header of the answer; only Bedrock's token counts (`x-amzn-bedrock-…-token-count`) matter.
    public mutating func header(_ name: String, _ value: String) {
        let known: [StaticString] = [
            "x-amzn-bedrock-input-token-count", "x-amzn-bedrock-output-token-count",
            "x-amzn-bedrock-cache-read-input-token-count", "x-amzn-bedrock-cache-write-input-token-count",
        ]
        guard name.utf8.count < 64, value.utf8.count < 32 else { return }
        let lowered = name.utf8.map(Ascii.lower)
        for candidate in known where lowered.withUnsafeBytes({ $0.equals(candidate) }) {
            let count = Array(value.utf8).withUnsafeBytes { JSONNumber.scaled($0, by: 0) }
            if let count { headers.note(candidate, count) }
        }
    }

    /// Reads the next piece of the body as it is on the wire.
    ///
    /// - Complexity: O(n) in the length of the piece.
    public mutating func consume(_ bytes: UnsafeRawBufferPointer) -> StreamVerdict {
        let base = offset
        offset &+= UInt64(bytes.count)
        dropped = nil
        if let inflater {
            let had = terminal != nil
            if inflater.state == .running { inflater.decode(bytes) { read($0, at: base) } }
            // Positions in the decoded body mean nothing on the wire.
            if !had, terminal != nil { terminal = base }
            return StreamVerdict(decided: offset, terminal: terminal)
        }
        read(bytes, at: base)
        var decided = offset
        if hides, framing == .events, events.hasLines, offset &- events.start <= Self.holdLimit {
            decided = max(released, events.start)
        }
        released = decided
        return StreamVerdict(decided: decided, dropped: dropped, terminal: terminal)
    }

    private mutating func read(_ bytes: UnsafeRawBufferPointer, at base: UInt64) {
        guard framing != .unknown else {
            let start = sniff(bytes)
            // What stands before belongs to no document, in whichever piece it came.
            if framing != .unknown { read(bytes.slice(start..<bytes.count), at: base &+ UInt64(start)) }
            return
        }
        switch framing {
        case .opaque, .unknown: break
        case .json: readJSON(bytes, at: base)
        case .events: readEvents(bytes, at: base)
        case .amazon: readAmazon(bytes, at: base)
        }
    }

    /// Decides by the first byte that is no white space and no byte order mark, because servers mislabel both ways;
    /// returns its position.
    private mutating func sniff(_ bytes: UnsafeRawBufferPointer) -> Int {
        for (index, byte) in bytes.enumerated()
        where !Ascii.isSpace(byte) && byte != 0xEF && byte != 0xBB && byte != 0xBF {
            switch byte {
            case Ascii.openBrace, Ascii.openBracket:
                framing = .json
                isStream = isStream || (route.stream ?? false)
            case Ascii.colon, UInt8(ascii: "d"), UInt8(ascii: "e"), UInt8(ascii: "i"), UInt8(ascii: "r"):
                // Plain text may begin so too; its first line will tell.
                framing = .events
                events.isDoubtful = media != .events
            default: framing = media.fallback
            }
            return index
        }
        return bytes.count
    }

    private mutating func readEvents(_ bytes: UnsafeRawBufferPointer, at base: UInt64) {
        if hides, events.skipsLineFeed, lastDropEnd == base, bytes.first == Ascii.lineFeed { drop(base..<(base &+ 1)) }
        var index = 0
        while let end = events.consume(bytes, from: index, at: base, into: &reader.scanner) {
            endEvent(base &+ UInt64(end))
            index = end
        }
        if events.isDoubtful { checkEvents() }
    }

    /// Decides by the first line whether a body of no stated type is a stream of events after all.
    private mutating func checkEvents() {
        switch events.isEventStream {
        case true?:
            events.isDoubtful = false
            isStream = true
        case false?:
            events.isDoubtful = false
            framing = .opaque
            if media.fallback == .json { reader.malformed = true }
        case nil: break
        }
    }

    private mutating func endEvent(_ end: UInt64) {
        let outcome = reader.endDocument(events.event)
        if outcome.isTerminal, terminal == nil { terminal = events.start }
        if hides, outcome.isUsageChunk, events.start >= released { drop(events.start..<end) }
        events.next()
    }

    private mutating func drop(_ range: Range<UInt64>) {
        if let known = dropped {
            // A verdict names one range; a second one apart from it stays visible, which harms nobody.
            guard known.upperBound == range.lowerBound else { return }
            dropped = known.lowerBound..<range.upperBound
        } else {
            dropped = range
        }
        lastDropEnd = range.upperBound
    }

    private mutating func readJSON(_ bytes: UnsafeRawBufferPointer, at base: UInt64) {
        var index = 0
        while let end = json.consume(bytes, from: index, at: base, into: &reader.scanner) {
            let outcome = reader.endDocument()
            if isStream, outcome.isTerminal, terminal == nil { terminal = json.start }
            index = end
        }
    }

    private mutating func readAmazon(_ bytes: UnsafeRawBufferPointer, at base: UInt64) {
        var index = 0
        while let end = amazon.consume(bytes, from: index, at: base, into: &reader.scanner) {
            endAmazonEvent()
            index = end
        }
        if amazon.failed { reader.malformed = true }
    }

    private mutating func endAmazonEvent() {
        if amazon.isException { reader.noteFailure() }
        // Invoke streams wrap the model's own events in base64.
        let inner = reader.scanner.withValue(.bytes) { text -> [UInt8]? in
            text.count > 2 ? decodeBase64(text.slice(1..<(text.count - 1))) : nil
        }
        if let inner {
            reader.scanner.reset()
            inner.withUnsafeBytes { _ = reader.scanner.consume($0) }
        }
        var isTerminal = reader.endDocument().isTerminal
        if amazon.eventType.elementsEqual("metadata".utf8) {
            reader.noteTerminal()
            isTerminal = true
        }
        if isTerminal, terminal == nil { terminal = amazon.start }
    }

    /// Ends the reading and says what was learnt.
    public consuming func finish(_ ending: BodyEnding) -> ResponseFacts {
        var isTruncated = false
        switch framing {
        case .events where events.hasData && (reader.scanner.state == .done || events.event.isDone):
            // The last event lacks its empty line; its data is whole.
            _ = reader.endDocument(events.event)
        case .json where reader.scanner.isStarted:
            isTruncated = true
            // A partial document of a stream could end it without its usage; a plain body has only the one.
            _ = reader.endDocument(allowsPartial: !isStream)
        case .amazon where amazon.isInside: isTruncated = true
        default: break
        }
        return facts(ending, isTruncated: isTruncated || inflater?.isWhole == false)
    }
}
