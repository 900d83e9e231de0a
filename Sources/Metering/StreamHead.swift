internal import Glibc

/// The bytes that the documents of a stream begin with, and where reading them leads.
///
/// The events of one stream differ by a few words in their middle: what stands before those is compared and not read again.
struct StreamHead {
    /// Bytes whose reading is remembered; 0 when none is.
    var count = 0
    /// Bytes of the last document that was read from its beginning.
    fileprivate var known = 0
    fileprivate var bytes: UnsafeMutableRawPointer?
    fileprivate var place = Place()

    /// The most bytes that are remembered.
    fileprivate static let limit = 512
    /// Shorter documents, and heads, are read at once.
    fileprivate static let least = 32

    /// Where a scanner stands between two tokens, or within something that it skips.
    fileprivate struct Place {
        var state = AnswerScanner.State.value
        var hasChoices = false
        var hasChoice = false
        var inString = false
        var escaped = false
        var pending: UInt8 = 0
        var arrayStack: UInt8 = 0
        var depth = 0
        var skipDepth = 0
        var nodeStack: UInt64 = 0
        var present: UInt64 = 0
        var arenaCount = 0
    }

    /// The bytes that are allocated now.
    var footprint: Int { bytes == nil ? 0 : Self.limit }

    func deallocate() { bytes?.deallocate() }
}

extension AnswerScanner {
    /// Reads the first bytes of a document of a stream, as ``consume(_:from:)`` does, but faster where the one before began
    /// with the same.
    package mutating func begin(_ document: UnsafeRawBufferPointer) -> Int {
        guard let base = document.baseAddress, document.count >= StreamHead.least else {
            head.count = 0
            return consume(document)
        }
        if head.count > 0, document.count >= head.count, let known = head.bytes, memcmp(known, base, head.count) == 0 {
            restore(head.place)
            return consume(document, from: head.count)
        }
        let common = learn(base, document.count)
        guard common >= StreamHead.least else { return consume(document) }
        let index = consume(UnsafeRawBufferPointer(start: base, count: common))
        guard index == common else { return index }
        if let place {
            head.place = place
            head.count = common
        }
        return consume(document, from: common)
    }

    /// Remembers the document's first bytes.
    ///
    /// - Returns: how many of them the last one had too, up to the end of a token.
    private mutating func learn(_ base: UnsafeRawPointer, _ count: Int) -> Int {
        head.count = 0
        let bytes = head.bytes ?? .allocate(byteCount: StreamHead.limit, alignment: 8)
        head.bytes = bytes
        var common = 0
        let most = min(head.known, count)
        while common < most,
            bytes.load(fromByteOffset: common, as: UInt8.self) == base.load(fromByteOffset: common, as: UInt8.self)
        {
            common &+= 1
        }
        head.known = min(count, StreamHead.limit)
        memcpy(bytes, base, head.known)
        while common > 0 {
            switch base.load(fromByteOffset: common &- 1, as: UInt8.self) {
            case Ascii.colon, Ascii.comma, Ascii.openBrace, Ascii.openBracket: return common
            default: common &-= 1
            }
        }
        return 0
    }

    /// Where the scanner stands; nil within what it captures, and where it stands for more than is remembered.
    private var place: StreamHead.Place? {
        guard isStarted, capturing == .none, keyBytes.isEmpty, state != .inKey, state != .done, state != .malformed,
            tallies.mask == 0
        else { return nil }
        return StreamHead.Place(
            state: state,
            hasChoices: hasChoices,
            hasChoice: hasChoice,
            inString: inString,
            escaped: escaped,
            pending: pending,
            arrayStack: arrayStack,
            depth: depth,
            skipDepth: skipDepth,
            nodeStack: nodeStack,
            present: present,
            arenaCount: arenaCount
        )
    }

    private mutating func restore(_ place: StreamHead.Place) {
        isStarted = true
        state = place.state
        hasChoices = place.hasChoices
        hasChoice = place.hasChoice
        inString = place.inString
        escaped = place.escaped
        pending = place.pending
        arrayStack = place.arrayStack
        depth = place.depth
        skipDepth = place.skipDepth
        nodeStack = place.nodeStack
        present = place.present
        arenaCount = place.arenaCount
    }
}
