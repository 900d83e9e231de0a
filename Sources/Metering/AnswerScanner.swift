/// Reads one JSON document in pieces and captures the members in ``AnswerField/paths``.
///
/// Memory is constant: a stack of eight levels for the places where wanted members can stand, and a bounded arena for
/// their bytes. Everything else is skipped by counting brackets and finding the ends of strings.
struct AnswerScanner {
    /// Where the reader stands.
    enum State: UInt8 {
        case value, elementOrEnd, keyOrEnd, key, inKey, colon, afterValue
        case string, scalar, container
        case done, malformed
    }

    /// A captured value: its bytes in the arena; `count` is -1 for a value that was longer than its limit.
    struct Slot {
        var start = 0
        var count = 0
        var isNull = false
    }

    private(set) var state = State.value
    /// True when anything but white space was read.
    private(set) var isStarted = false
    /// True when the document has a top-level `choices` that is an array.
    private(set) var hasChoices = false
    /// True when that array has an element.
    private(set) var hasChoice = false
    /// Sums and counts over lists, by field.
    private(set) var tallies = Tallies()

    private let table: PathTable
    private var arena: [UInt8] = []
    private var slots = [Slot](repeating: Slot(), count: 64)
    private var present: UInt64 = 0
    /// Nodes of the open containers, the innermost in the lowest byte.
    private var nodeStack: UInt64 = 0
    /// Bit 0 is set when the innermost open container is an array.
    private var arrayStack: UInt8 = 0
    private var depth = 0
    private var pending: UInt8 = 0
    private var skipDepth = 0
    private var inString = false
    private var escaped = false
    private var keyBytes: [UInt8] = []
    private var capturing = AnswerField.none
    private var captureStart = 0
    private var captureOverflow = false

    /// The most bytes of a key that are compared; all wanted keys are shorter.
    private static let keyLimit = 96
    /// The most bytes of captured values in one document.
    private static let arenaLimit = 2 * 1024 * 1024

    /// A scanner that captures the members of a table.
    init(_ table: PathTable = .shared) {
        self.table = table
        arena.reserveCapacity(1024)
        keyBytes.reserveCapacity(Self.keyLimit)
    }

    /// Forgets the document, keeping the storage.
    mutating func reset() {
        guard isStarted else { return }
        state = .value
        isStarted = false
        hasChoices = false
        hasChoice = false
        if tallies.mask != 0 { tallies = Tallies() }
        arena.removeAll(keepingCapacity: true)
        present = 0
        nodeStack = 0
        arrayStack = 0
        depth = 0
        capturing = .none
        inString = false
        escaped = false
        skipDepth = 0
        keyBytes.removeAll(keepingCapacity: true)
    }

    /// Calls `body` with the bytes of a captured value; nil when it is absent, null or too long.
    func withValue<Result>(_ field: AnswerField, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
        guard has(field) else { return nil }
        let slot = slots[Int(field.rawValue)]
        guard slot.count > 0, !slot.isNull else { return nil }
        return arena.withUnsafeBytes { body($0.slice(slot.start..<(slot.start + slot.count))) }
    }

    /// True when the document had the member, null included.
    @inline(__always)
    func has(_ field: AnswerField) -> Bool { present & (1 << UInt64(field.rawValue)) != 0 }

    /// True when the document had any of the members in a mask.
    @inline(__always)
    func hasAny(_ mask: UInt64) -> Bool { present & mask != 0 }

    /// True when the document had the member with a value that is not null.
    func hasValue(_ field: AnswerField) -> Bool { has(field) && !slots[Int(field.rawValue)].isNull }

    /// Reads on.
    ///
    /// - Returns: the position after the document when it ended in this piece, else `bytes.count`. After a fault
    ///   everything is passed over.
    mutating func consume(_ bytes: UnsafeRawBufferPointer) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        var index = 0
        captureStart = 0
        while index < bytes.count {
            switch state {
            case .done: return index
            case .malformed: return bytes.count
            case .string: index = readString(base, index, bytes.count)
            case .scalar: index = readScalar(base, index, bytes.count)
            case .container: index = skipContainer(base, index, bytes.count)
            case .inKey: index = readKey(base, index, bytes.count)
            default:
                let byte = base.load(fromByteOffset: index, as: UInt8.self)
                if Ascii.isSpace(byte) {
                    index &+= 1
                } else {
                    index = readStructure(byte, index)
                }
            }
        }
        if capturing != .none { keepCaptured(base, bytes.count) }
        return bytes.count
    }

    private mutating func readStructure(_ byte: UInt8, _ index: Int) -> Int {
        isStarted = true
        switch state {
        case .value: return beginValue(byte, index)
        case .elementOrEnd:
            if byte == Ascii.closeBracket { return endContainer(index) }
            return beginValue(byte, index)
        case .keyOrEnd where byte == Ascii.closeBrace: return endContainer(index)
        case .keyOrEnd, .key:
            guard byte == Ascii.quote else { return fail(index) }
            keyBytes.removeAll(keepingCapacity: true)
            state = .inKey
        case .colon:
            guard byte == Ascii.colon else { return fail(index) }
            state = .value
        case .afterValue:
            let isArray = arrayStack & 1 != 0
            if byte == Ascii.comma {
                state = isArray ? .value : .key
            } else if byte == (isArray ? Ascii.closeBracket : Ascii.closeBrace) {
                return endContainer(index)
            } else {
                return fail(index)
            }
        default: return fail(index)
        }
        return index &+ 1
    }

    private mutating func fail(_ index: Int) -> Int {
        state = .malformed
        capturing = .none
        return index
    }

    private mutating func endContainer(_ index: Int) -> Int {
        depth &-= 1
        nodeStack >>= 8
        arrayStack >>= 1
        state = depth == 0 ? .done : .afterValue
        return index &+ 1
    }

    private mutating func beginValue(_ byte: UInt8, _ index: Int) -> Int {
        var node = pending
        if depth == 0 {
            node = PathTable.root
        } else if arrayStack & 1 != 0 {
            let array = UInt8(truncatingIfNeeded: nodeStack)
            if array == table.choices { hasChoice = true }
            node = table.nodes[Int(array)].element
        }
        let field = table.nodes[Int(node)].field
        if field != .none { beginCapture(field, index, isNull: byte == UInt8(ascii: "n")) }
        switch byte {
        case Ascii.quote:
            state = .string
            escaped = false
            return index &+ 1
        case Ascii.openBrace, Ascii.openBracket:
            let isArray = byte == Ascii.openBracket
            if isArray, node == table.choices, node != 0 { hasChoices = true }
            // An array at the root has no wanted members: framing splits arrays of documents before this.
            if node == 0 || field != .none || depth == 8 || (depth == 0 && isArray) {
                state = .container
                skipDepth = 1
                inString = false
            } else {
                depth &+= 1
                nodeStack = nodeStack << 8 | UInt64(node)
                arrayStack = arrayStack << 1 | (isArray ? 1 : 0)
                state = isArray ? .elementOrEnd : .keyOrEnd
            }
            return index &+ 1
        case 0x2D, 0x30...0x39, 0x61...0x7A:
            state = .scalar
            return index &+ 1
        default: return fail(index)
        }
    }

    private mutating func endValue(_ base: UnsafeRawPointer, _ end: Int) {
        if capturing != .none { endCapture(base, end) }
        state = depth == 0 ? .done : .afterValue
    }

    private mutating func readString(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        let index = endOfString(base, start, end)
        if index < 0 { return end }
        endValue(base, index)
        return index
    }

    /// The position after the closing quote; -1 when the piece ends inside the string.
    @inline(__always)
    private mutating func endOfString(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        if escaped {
            escaped = false
            index &+= 1
        }
        while true {
            index = firstIndex(of: Ascii.quote, or: Ascii.backslash, in: base, from: index, to: end)
            if index >= end { return -1 }
            if base.load(fromByteOffset: index, as: UInt8.self) == Ascii.quote { return index &+ 1 }
            index &+= 2
            if index > end {
                escaped = true
                return -1
            }
        }
    }

    private mutating func readScalar(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end {
            switch base.load(fromByteOffset: index, as: UInt8.self) {
            case 0x30...0x39, 0x2B, 0x2D, 0x2E, 0x41...0x5A, 0x61...0x7A: index &+= 1
            default:
                endValue(base, index)
                return index
            }
        }
        return end
    }

    private mutating func skipContainer(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end {
            if inString {
                index = endOfString(base, index, end)
                if index < 0 { return end }
                inString = false
                continue
            }
            let byte = base.load(fromByteOffset: index, as: UInt8.self)
            index &+= 1
            if byte == Ascii.quote {
                inString = true
            } else if byte | 0x20 == Ascii.openBrace {
                skipDepth &+= 1
            } else if byte | 0x20 == Ascii.closeBrace {
                skipDepth &-= 1
                if skipDepth == 0 {
                    endValue(base, index)
                    return index
                }
            }
        }
        return end
    }

    private mutating func readKey(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        let next = endOfString(base, start, end)
        let stop = next < 0 ? end : next &- 1
        // Nearly every key lies wholly in one piece and is compared where it stands.
        let isWhole = next >= 0 && keyBytes.isEmpty
        if !isWhole, keyBytes.count <= Self.keyLimit {
            keyBytes.append(contentsOf: UnsafeRawBufferPointer(start: base + start, count: stop &- start))
        }
        if next < 0 { return end }
        let parent = UInt8(truncatingIfNeeded: nodeStack)
        if isWhole {
            pending = table.child(of: parent, key: base + start, count: stop &- start)
        } else {
            let table = table
            pending = keyBytes.withUnsafeBytes { key in
                key.baseAddress.map { table.child(of: parent, key: $0, count: key.count) } ?? 0
            }
        }
        state = .colon
        return next
    }
}

extension AnswerScanner {
    private mutating func beginCapture(_ field: AnswerField, _ index: Int, isNull: Bool) {
        capturing = field
        captureStart = index
        captureOverflow = false
        // A repeated member replaces the one before.
        present |= 1 << UInt64(field.rawValue)
        slots[Int(field.rawValue)] = Slot(start: arena.count, count: 0, isNull: isNull)
    }

    /// Moves what was captured so far from the piece into the arena.
    private mutating func keepCaptured(_ base: UnsafeRawPointer, _ end: Int) {
        let slot = slots[Int(capturing.rawValue)]
        let count = end &- captureStart
        if captureOverflow || arena.count &- slot.start &+ count > capturing.limit
            || arena.count &+ count > Self.arenaLimit
        {
            captureOverflow = true
        } else {
            arena.append(contentsOf: UnsafeRawBufferPointer(start: base + captureStart, count: count))
        }
        captureStart = end
    }

    private mutating func endCapture(_ base: UnsafeRawPointer, _ end: Int) {
        keepCaptured(base, end)
        let field = capturing
        capturing = .none
        let index = Int(field.rawValue)
        slots[index].count = captureOverflow ? -1 : arena.count &- slots[index].start
        switch field {
        case .searchQuery, .image: tallies.add(1, to: field)
        case .resultTokenCount, .embeddingTokenCount, .resultInputTokens, .resultGeneratedTokens:
            if let count = withValue(field, { JSONNumber.scaled($0, by: 0) }) { tallies.add(count, to: field) }
        case .outputType: withValue(field) { tallies.addOutput(type: $0) }
        default: break
        }
    }
}
