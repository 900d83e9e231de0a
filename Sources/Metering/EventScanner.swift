internal import Glibc

/// Splits server-sent events in pieces and hands the data of each event to an ``AnswerScanner``.
///
/// Follows the rules of the HTML standard: lines end with LF, CRLF or CR, a colon begins a comment, an empty line ends
/// the event, one space after the colon is dropped, a leading byte order mark is ignored.
struct EventScanner {
    /// What the event says beside its data.
    struct Event {
        /// The first eight bytes of the event's name, zero when it has none.
        var name: UInt64 = 0
        var nameCount = 0
        /// The first eight bytes of the data.
        var data: UInt64 = 0
        var dataCount = 0

        /// True for OpenAI's end mark.
        var isDone: Bool { dataCount == 6 && data == EventScanner.pack("[DONE]") }
        /// True when the event is named `error`.
        var isError: Bool { nameCount == 5 && name == EventScanner.pack("error") }
    }

    private enum State { case lineStart, field, space, data, name, rest, stopped }

    /// The event being read.
    private(set) var event = Event()
    /// True when the event has a line, even a comment.
    private(set) var hasLines = false
    /// True when the event has a data line.
    private(set) var hasData = false
    /// Where the event began.
    private(set) var start: UInt64 = 0
    private var state = State.lineStart
    private var field: UInt64 = 0
    private var fieldCount = 0
    /// True when the last line ended in CR, so that an LF now still belongs to it.
    private(set) var skipsLineFeed = false
    private var position: UInt64 = 0

    /// The first bytes of a literal as a word.
    static func pack(_ literal: StaticString) -> UInt64 {
        var word: UInt64 = 0
        for index in 0..<min(8, literal.utf8CodeUnitCount) {
            word |= UInt64(literal.utf8Start[index]) << UInt64(8 * index)
        }
        return word
    }

    /// True when only the first byte spoke for events: reading stops if the first line does not.
    var isDoubtful = false
    /// True when the first line has a field that events have, false when it has none; nil before that is known.
    private(set) var isEventStream: Bool?

    /// The fields that nearly every line has, as far as one word reaches.
    private static let dataStart = pack("data: ")
    private static let eventStart = pack("event: ")
    private static let dataField = pack("data")
    private static let eventField = pack("event")

    /// Reads on until an event is complete.
    ///
    /// - Returns: the position after the event's empty line, or nil when the piece is used up. After an event the
    ///   caller must call ``next()`` before reading on.
    mutating func consume(
        _ bytes: UnsafeRawBufferPointer,
        from first: Int,
        at base: UInt64,
        into scanner: inout AnswerScanner
    ) -> Int? {
        guard let memory = bytes.baseAddress else { return nil }
        var index = first
        let end = bytes.count
        while index < end {
            position = base &+ UInt64(index)
            if skipsLineFeed {
                skipsLineFeed = false
                if memory.load(fromByteOffset: index, as: UInt8.self) == Ascii.lineFeed {
                    index &+= 1
                    continue
                }
            }
            switch state {
            case .lineStart:
                let byte = memory.load(fromByteOffset: index, as: UInt8.self)
                if byte == Ascii.lineFeed || byte == Ascii.carriageReturn {
                    skipsLineFeed = byte == Ascii.carriageReturn
                    index &+= 1
                    guard hasLines else { continue }
                    if skipsLineFeed, index < end, memory.load(fromByteOffset: index, as: UInt8.self) == Ascii.lineFeed
                    {
                        skipsLineFeed = false
                        index &+= 1
                    }
                    return index
                }
                if !hasLines {
                    hasLines = true
                    start = position
                }
                if index &+ 8 <= end {
                    let word = UInt64(littleEndian: memory.loadUnaligned(fromByteOffset: index, as: UInt64.self))
                    if word & 0xFFFF_FFFF_FFFF == Self.dataStart {
                        index &+= 6
                        hasData = true
                        isEventStream = isEventStream ?? true
                        state = .data
                        continue
                    } else if word & 0xFF_FFFF_FFFF_FFFF == Self.eventStart {
                        index &+= 7
                        event.name = 0
                        event.nameCount = 0
                        isEventStream = isEventStream ?? true
                        state = .name
                        continue
                    }
                }
                field = 0
                fieldCount = 0
                state = .field
            case .field: index = readField(memory, index, end)
            case .stopped: return nil
            case .space:
                let byte = memory.load(fromByteOffset: index, as: UInt8.self)
                if byte == Ascii.space { index &+= 1 }
                beginValue()
            case .data, .name, .rest:
                let stop = endOfLine(memory, index, end)
                readValue(UnsafeRawBufferPointer(start: memory + index, count: stop &- index), &scanner)
                index = stop
                if index < end { index = endLine(memory, index) }
            }
        }
        return nil
    }

    /// Begins the next event.
    mutating func next() {
        event = Event()
        hasLines = false
        hasData = false
    }

    private mutating func endLine(_ memory: UnsafeRawPointer, _ index: Int) -> Int {
        skipsLineFeed = memory.load(fromByteOffset: index, as: UInt8.self) == Ascii.carriageReturn
        state = .lineStart
        return index &+ 1
    }

    private mutating func readField(_ memory: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
        var index = start
        while index < end {
            let byte = memory.load(fromByteOffset: index, as: UInt8.self)
            if byte == Ascii.colon {
                state = .space
                return index &+ 1
            }
            if byte == Ascii.lineFeed || byte == Ascii.carriageReturn {
                // A field without a colon has an empty value, which says nothing here.
                if isEventStream == nil, stops() { return end }
                return endLine(memory, index)
            }
            index &+= 1
            // The bytes of a byte order mark begin no field name; they may arrive in pieces.
            if fieldCount == 0, byte == 0xEF || byte == 0xBB || byte == 0xBF { continue }
            if fieldCount < 8 { field |= UInt64(byte) << UInt64(8 &* fieldCount) }
            fieldCount = min(fieldCount &+ 1, 64)
        }
        return index
    }

    /// True when the field is one that the standard names, or a comment.
    private var isKnownField: Bool {
        switch fieldCount {
        case 0: true
        case 2: field == Self.pack("id")
        case 4: field == Self.dataField
        case 5: field == Self.eventField || field == Self.pack("retry")
        default: false
        }
    }

    /// Judges by the first field; true when this is no stream of events and nothing more is to be read.
    private mutating func stops() -> Bool {
        isEventStream = isKnownField
        if isKnownField || !isDoubtful { return false }
        state = .stopped
        return true
    }

    private mutating func beginValue() {
        if isEventStream == nil, stops() { return }
        if fieldCount == 4, field == Self.dataField {
            // Lines of one event are joined by line feeds, which are white space to JSON.
            hasData = true
            state = .data
        } else if fieldCount == 5, field == Self.eventField {
            event.name = 0
            event.nameCount = 0
            state = .name
        } else {
            state = .rest
        }
    }

    private mutating func readValue(_ value: UnsafeRawBufferPointer, _ scanner: inout AnswerScanner) {
        switch state {
        case .data:
            var index = 0
            if event.dataCount == 0, value.count >= 8 {
                event.data = UInt64(littleEndian: value.loadUnaligned(as: UInt64.self))
                event.dataCount = 8
                index = 8
            }
            while event.dataCount < 8, index < value.count {
                event.data |= UInt64(value[index]) << UInt64(8 &* event.dataCount)
                event.dataCount &+= 1
                index &+= 1
            }
            event.dataCount = min(event.dataCount &+ (value.count &- index), 1 << 40)
            _ = scanner.isStarted ? scanner.consume(value) : scanner.begin(value)
        case .name:
            for byte in value {
                if event.nameCount < 8 { event.name |= UInt64(byte) << UInt64(8 &* event.nameCount) }
                event.nameCount = min(event.nameCount &+ 1, 64)
            }
        default: break
        }
    }
}

/// The position of the first line feed or carriage return; `end` when there is none.
private func endOfLine(_ memory: UnsafeRawPointer, _ start: Int, _ end: Int) -> Int {
    var stop = end
    if let feed = memchr(memory + start, Int32(Ascii.lineFeed), end &- start) { stop = UnsafeRawPointer(feed) - memory }
    if let mark = memchr(memory + start, Int32(Ascii.carriageReturn), stop &- start) {
        stop = UnsafeRawPointer(mark) - memory
    }
    return stop
}
