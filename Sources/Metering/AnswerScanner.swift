internal import Glibc

/// Reads one JSON document in pieces and captures the members that a ``PathTable`` wants.
///
/// Memory is constant: a stack of eight levels for the places where wanted members can stand, and a bounded arena for
/// their bytes, both in one block that is allocated once. Everything else is skipped by counting brackets and finding
/// the ends of strings.
package struct AnswerScanner: ~Copyable {
    /// Where the reader stands.
    package enum State: UInt8 {
        case value, elementOrEnd, keyOrEnd, key, inKey, colon, afterValue
        case string, scalar, container
        case done, malformed
    }

    /// A captured value: its bytes in the arena, or why there are none.
    private struct Slot {
        var start: Int32
        var count: Int32

        static let tooLong: Int32 = -1
        static let null: Int32 = -2
    }

    package internal(set) var state = State.value
    /// True when anything but white space was read.
    var isStarted = false
    /// True when the document has a top-level `choices` that is an array.
    var hasChoices = false
    /// True when that array has an element.
    var hasChoice = false
    var inString = false
    var escaped = false
    var captureOverflow = false
    var capturing = AnswerField.none
    /// The node of the value that the last key announced.
    var pending: UInt8 = 0
    /// Bit 0 is set when the innermost open container is an array.
    var arrayStack: UInt8 = 0
    var depth = 0
    var skipDepth = 0
    /// Nodes of the open containers, the innermost in the lowest byte.
    var nodeStack: UInt64 = 0
    var present: UInt64 = 0
    var captureStart = 0
    private let table: PathTable
    private let block: UnsafeMutableRawPointer
    private var arena: UnsafeMutableRawPointer
    var arenaCount = 0
    private var arenaCapacity = blockSize - slotsSize
    var keyBytes: [UInt8] = []
    /// What the last document of a stream began with.
    var head = StreamHead()
    /// Sums and counts over lists, by field.
    private(set) var tallies = Tallies()

    /// The most bytes of a key that are compared; all wanted keys are shorter.
    private static let keyLimit = 96
    /// The most bytes of captured values in one document.
    private static let arenaLimit = 2 * 1024 * 1024
    /// An arena that grew beyond this is given back after the document.
    private static let arenaKept = 64 * 1024
    /// The slots and the first part of the arena, in a size that allocators keep at hand.
    private static let blockSize = 1024
    private static let slotsSize = 8 * AnswerField.count

    /// A scanner that captures the members of a table.
    package init(_ table: PathTable = .shared) {
        self.table = table
        block = .allocate(byteCount: Self.blockSize, alignment: 8)
        arena = block + Self.slotsSize
    }

    deinit {
        if arena != block + Self.slotsSize { arena.deallocate() }
        block.deallocate()
        head.deallocate()
    }

    /// The bytes that are allocated now.
    package var footprint: Int { Self.slotsSize + arenaCapacity + keyBytes.capacity + head.footprint }

    /// Forgets the document, keeping the storage.
    package mutating func reset() {
        guard isStarted else { return }
        state = .value
        isStarted = false
        hasChoices = false
        hasChoice = false
        if tallies.mask != 0 { tallies = Tallies() }
        present = 0
        nodeStack = 0
        arrayStack = 0
        depth = 0
        capturing = .none
        inString = false
        escaped = false
        skipDepth = 0
        if !keyBytes.isEmpty { keyBytes.removeAll(keepingCapacity: true) }
        arenaCount = 0
        if arenaCapacity > Self.arenaKept {
            arena.deallocate()
            arena = block + Self.slotsSize
            arenaCapacity = Self.blockSize - Self.slotsSize
            head.count = 0
        }
    }

    /// Calls `body` with the bytes of a captured value; nil when it is absent, null or too long.
    @inline(__always)
    package func withValue<Result>(_ field: AnswerField, _ body: (UnsafeRawBufferPointer) -> Result?) -> Result? {
        guard has(field) else { return nil }
        let slot = slot(field)
        guard slot.count > 0 else { return nil }
        return body(UnsafeRawBufferPointer(start: arena + Int(slot.start), count: Int(slot.count)))
    }

    /// Replaces `target` by the content of a captured string, unless that is absent or empty.
    func copyString(_ field: AnswerField, into target: inout [UInt8]) {
        guard has(field) else { return }
        let slot = slot(field)
        guard slot.count > 2 else { return }
        let start = arena + Int(slot.start)
        let count = Int(slot.count) &- 2
        guard start.load(as: UInt8.self) == Ascii.quote else { return }
        // A stream repeats its names in every event.
        if target.count == count, memcmp(target, start + 1, count) == 0 { return }
        target = Array(UnsafeRawBufferPointer(start: start + 1, count: count))
    }

    /// Replaces `target` by a captured object; false when there is none or it is empty.
    func copyObject(_ field: AnswerField, into target: inout [UInt8]) -> Bool {
        guard has(field) else { return false }
        let slot = slot(field)
        guard slot.count > 2 else { return false }
        let value = UnsafeRawBufferPointer(start: arena + Int(slot.start), count: Int(slot.count))
        guard value.first == Ascii.openBrace else { return false }
        target.removeAll(keepingCapacity: true)
        target.append(contentsOf: value)
        return true
    }

    /// True when the document had the member, null included.
    @inline(__always)
    func has(_ field: AnswerField) -> Bool { present & (1 << UInt64(field.rawValue)) != 0 }

    /// True when the document had any of the members in a mask.
    @inline(__always)
    func hasAny(_ mask: UInt64) -> Bool { present & mask != 0 }

    /// True when the document had the member with a value that is not null.
    @inline(__always)
    package func hasValue(_ field: AnswerField) -> Bool { has(field) && slot(field).count != Slot.null }

    @inline(__always)
    private func slot(_ field: AnswerField) -> Slot {
        block.load(fromByteOffset: 8 &* Int(field.rawValue), as: Slot.self)
    }

    @inline(__always)
    private func set(_ field: AnswerField, _ slot: Slot) {
        block.storeBytes(of: slot, toByteOffset: 8 &* Int(field.rawValue), as: Slot.self)
    }
}

extension AnswerScanner {
    /// Reads on.
    ///
    /// - Returns: the position after the document when it ended in this piece, else `bytes.count`. After a fault
    ///   everything is passed over.
    package mutating func consume(_ bytes: UnsafeRawBufferPointer, from start: Int = 0) -> Int {
        guard let base = bytes.baseAddress else { return 0 }
        let end = bytes.count
        var index = start
        captureStart = start
        while index < end {
            switch state {
            case .done: return index
            case .malformed: return end
            case .string: index = readString(base, index, end)
            case .scalar: index = readScalar(base, index, end)
            case .container: index = skipContainer(base, index, end)
            case .inKey: index = readKey(base, index, end)
            default:
                let byte = base.load(fromByteOffset: index, as: UInt8.self)
                if Ascii.isSpace(byte) {
                    index &+= 1
                } else {
                    index = readStructure(byte, base, index, end)
                }
            }
        }
        if capturing != .none { keepCaptured(base, end) }
        return end
    }

    @inline(__always)
    private mutating func readStructure(_ byte: UInt8, _ base: UnsafeRawPointer, _ index: Int, _ end: Int) -> Int {
        switch state {
        case .value:
            isStarted = true
            return beginValue(byte, base, index, end)
        case .elementOrEnd:
            if byte == Ascii.closeBracket { return endContainer(index) }
            return beginValue(byte, base, index, end)
        case .keyOrEnd where byte == Ascii.closeBrace: return endContainer(index)
        case .keyOrEnd, .key:
            guard byte == Ascii.quote else { return fail(index) }
            if !keyBytes.isEmpty { keyBytes.removeAll(keepingCapacity: true) }
            state = .inKey
            return readKey(base, index &+ 1, end)
        case .colon:
            guard byte == Ascii.colon else { return fail(index) }
            state = .value
        case .afterValue:
            let isArray = arrayStack & 1 != 0
            if byte == Ascii.comma {
                state = isArray ? .value : .key
                if !isArray, index &+ 1 < end, base.load(fromByteOffset: index &+ 1, as: UInt8.self) == Ascii.quote {
                    if !keyBytes.isEmpty { keyBytes.removeAll(keepingCapacity: true) }
                    state = .inKey
                    return readKey(base, index &+ 2, end)
                }
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
        isStarted = true
        state = .malformed
        capturing = .none
        return index
    }

    @inline(__always)
    private mutating func endContainer(_ index: Int) -> Int {
        depth &-= 1
        nodeStack >>= 8
        arrayStack >>= 1
        state = depth == 0 ? .done : .afterValue
        return index &+ 1
    }

    @inline(__always)
    private mutating func beginValue(_ byte: UInt8, _ base: UnsafeRawPointer, _ index: Int, _ end: Int) -> Int {
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
            return readString(base, index &+ 1, end)
        case Ascii.openBrace, Ascii.openBracket:
            let isArray = byte == Ascii.openBracket
            if isArray, node == table.choices, node != 0 { hasChoices = true }
            // An array at the root has no wanted members: framing splits arrays of documents before this.
            if node == 0 || field != .none || depth == 8 || (depth == 0 && isArray) {
                state = .container
                skipDepth = 1
                inString = false
                return skipContainer(base, index &+ 1, end)
            }
            depth &+= 1
            nodeStack = nodeStack << 8 | UInt64(node)
            arrayStack = arrayStack << 1 | (isArray ? 1 : 0)
            state = isArray ? .elementOrEnd : .keyOrEnd
            return index &+ 1
        case 0x2D, 0x30...0x39, 0x61...0x7A:
            state = .scalar
            return readScalar(base, index &+ 1, end)
        default: return fail(index)
        }
    }

    @inline(__always)
    private mutating func endValue(_ base: UnsafeRawPointer, _ end: Int) {
        if capturing != .none { endCapture(base, end) }
        state = depth == 0 ? .done : .afterValue
    }

    @inline(__always)
    private mutating func readString(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        let index = endOfString(base, start, end, &escaped)
        if index < 0 { return end }
        endValue(base, index)
        return index
    }

    @inline(__always)
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
        if inString {
            index = endOfString(base, index, end, &escaped)
            if index < 0 { return end }
            inString = false
        }
        while true {
            index = firstStructure(in: base, from: index, to: end)
            if index >= end { return end }
            let byte = base.load(fromByteOffset: index, as: UInt8.self)
            index &+= 1
            if byte == Ascii.quote {
                index = endOfString(base, index, end, &escaped)
                if index < 0 {
                    inString = true
                    return end
                }
            } else if byte | 0x20 == Ascii.openBrace {
                skipDepth &+= 1
            } else {
                skipDepth &-= 1
                if skipDepth == 0 {
                    endValue(base, index)
                    return index
                }
            }
        }
    }

    @inline(__always)
    private mutating func readKey(_ base: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        let next = endOfString(base, start, end, &escaped)
        let stop = next < 0 ? end : next &- 1
        let parent = UInt8(truncatingIfNeeded: nodeStack)
        // Nearly every key lies wholly in one piece and is compared where it stands.
        if next >= 0, keyBytes.isEmpty {
            pending = table.child(of: parent, key: base + start, count: stop &- start)
            if next < end, base.load(fromByteOffset: next, as: UInt8.self) == Ascii.colon {
                state = .value
                return next &+ 1
            }
        } else {
            if keyBytes.count <= Self.keyLimit {
                keyBytes.append(contentsOf: UnsafeRawBufferPointer(start: base + start, count: stop &- start))
            }
            if next < 0 { return end }
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
        captureStart = index
        captureOverflow = false
        // A repeated member replaces the one before.
        if has(field) { head.count = 0 }
        present |= 1 << UInt64(field.rawValue)
        if isNull {
            set(field, Slot(start: 0, count: Slot.null))
        } else {
            capturing = field
            set(field, Slot(start: Int32(truncatingIfNeeded: arenaCount), count: 0))
        }
    }

    /// Moves what was captured so far from the piece into the arena.
    private mutating func keepCaptured(_ base: UnsafeRawPointer, _ end: Int) {
        let count = end &- captureStart
        let start = Int(slot(capturing).start)
        if captureOverflow || arenaCount &- start &+ count > capturing.limit || arenaCount &+ count > Self.arenaLimit {
            captureOverflow = true
        } else {
            if arenaCount &+ count > arenaCapacity { grow(to: arenaCount &+ count) }
            memcpy(arena + arenaCount, base + captureStart, count)
            arenaCount &+= count
        }
        captureStart = end
    }

    private mutating func grow(to count: Int) {
        var capacity = arenaCapacity
        while capacity < count { capacity *= 2 }
        let larger = UnsafeMutableRawPointer.allocate(byteCount: capacity, alignment: 8)
        memcpy(larger, arena, arenaCount)
        if arena != block + Self.slotsSize { arena.deallocate() }
        arena = larger
        arenaCapacity = capacity
    }

    private mutating func endCapture(_ base: UnsafeRawPointer, _ end: Int) {
        keepCaptured(base, end)
        let field = capturing
        capturing = .none
        var known = slot(field)
        known.count = captureOverflow ? Slot.tooLong : Int32(truncatingIfNeeded: arenaCount) &- known.start
        set(field, known)
        switch field {
        case .searchQuery, .image: tallies.add(1, to: field)
        case .resultTokenCount, .embeddingTokenCount, .resultInputTokens, .resultGeneratedTokens:
            if let count = withValue(field, { JSONNumber.scaled($0, by: 0) }) { tallies.add(count, to: field) }
        case .outputType:
            if known.count > 0 {
                tallies.addOutput(
                    type: UnsafeRawBufferPointer(start: arena + Int(known.start), count: Int(known.count))
                )
            }
        default: break
        }
        // The elements of lists are counted, not kept: a long list must not fill the arena.
        if field.isTallied { arenaCount = Int(known.start) }
    }
}
