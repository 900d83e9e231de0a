package import Accounting

/// The stored form of a `request.completed`, read in place without building its strings.
///
/// The layout, after the version and the kind:
///
/// | field | form |
/// |---|---|
/// | id | 16 bytes, big-endian |
/// | time | 8 bytes, little-endian |
/// | profile | bytes behind their length: what requests have in common (see ``CompletedProfile``) |
/// | mask | 16 bits: which optional fields follow |
/// | durations, sizes | total, first byte (optional), upstream, request, response: zigzag |
/// | usage | source, normaliser (optional), mask and counts of units |
/// | cost | state, amount, revision, row (optional) |
/// | attempts | number, then each: mask, upstream, key, status, failure, duration |
/// | reported total, tier, speed, region, provider cost, additional, path, response id, session, tags, raw | as the mask
/// says |
///
/// The normaliser, the session and the tags came with schema version 2, and so did clients of eight bytes in the profile;
/// everything else is as in version 1. So both are read here, and what version 1 does not know is refused in its records.
///
/// The profile stands in one piece so that a fold can look up all its labels at once, by the bytes.
package struct CompletedReader {
    package struct Mask {
        static let firstByte: UInt16 = 1
        static let complete: UInt16 = 2
        static let row: UInt16 = 4
        static let reportedTotal: UInt16 = 8
        static let tier: UInt16 = 16
        static let speed: UInt16 = 32
        static let region: UInt16 = 64
        static let providerCost: UInt16 = 128
        static let additional: UInt16 = 256
        static let responseID: UInt16 = 512
        static let raw: UInt16 = 1024
        static let normaliser: UInt16 = 2048
        static let session: UInt16 = 4096
        static let tags: UInt16 = 8192

        static func known(_ version: UInt8) -> UInt16 { version == 1 ? 2047 : 16383 }
    }

    package var id = RequestID(high: 0, low: 0)
    package var time: Int64 = 0
    package var profile = UnsafeRawBufferPointer(start: nil, count: 0)
    package var mask: UInt16 = 0
    package var totalDuration: Int64 = 0
    package var firstByteDuration: Int64?
    package var upstreamDuration: Int64 = 0
    package var requestBytes: Int64 = 0
    package var responseBytes: Int64 = 0
    package var source: UInt8 = 0
    package var normaliser: UInt8?
    package var unitMask: UInt32 = 0
    package var costState: UInt8 = 0
    package var amount: Int64 = 0
    package var priceBook: UInt32 = 0
    package var row: UInt32?
    package var attemptCount = 0

    /// The reader, standing behind the units that ``init(_:units:)`` read.
    package private(set) var rest: ByteReader

    /// Reads everything up to the attempts; `units` takes the counts by unit, and must hold 32.
    ///
    /// Only slots whose bit is set in ``unitMask`` are written. Check ``ByteReader/failed`` of ``rest`` afterwards.
    @inline(__always)
    package init(_ record: UnsafeRawBufferPointer, units: UnsafeMutableBufferPointer<Int64>) {
        var reader = ByteReader(record, from: 2)
        id.high = UInt64(bigEndian: reader.fixed64().littleEndian)
        id.low = UInt64(bigEndian: reader.fixed64().littleEndian)
        time = Int64(bitPattern: reader.fixed64())
        profile = reader.blob()
        mask = reader.fixed16()
        let version: UInt8 = record.isEmpty ? 0 : record[0]
        if mask & ~Mask.known(version) != 0 { reader.fail() }
        if version == 1, let first = profile.first, first & CompletedProfile.Mask.compactClient != 0 { reader.fail() }
        totalDuration = reader.signed()
        if mask & Mask.firstByte != 0 { firstByteDuration = reader.signed() }
        upstreamDuration = reader.signed()
        requestBytes = reader.signed()
        responseBytes = reader.signed()
        source = reader.byte()
        if mask & Mask.normaliser != 0 { normaliser = reader.byte() }
        unitMask = Self.readUnits(&reader, into: units)
        costState = reader.byte()
        amount = reader.signed()
        priceBook = UInt32(truncatingIfNeeded: reader.small(Int(UInt32.max)))
        if mask & Mask.row != 0 { row = UInt32(truncatingIfNeeded: reader.small(Int(UInt32.max))) }
        attemptCount = reader.small(CompletedReader.mostAttempts)
        rest = reader
    }

    package static let mostAttempts = 1024

    /// Whether records of a version are read here, without an upcaster.
    @inline(__always)
    package static func reads(_ version: UInt8) -> Bool { version == 1 || version == 2 }

    @inline(__always)
    package static func readUnits(
        _ reader: inout ByteReader,
        into units: UnsafeMutableBufferPointer<Int64>
    ) -> UInt32 {
        let mask = reader.varint()
        guard mask >> UInt64(UsageUnit.allCases.count) == 0, units.count >= 32 else {
            reader.fail()
            return 0
        }
        var bits = UInt32(truncatingIfNeeded: mask)
        while bits != 0 {
            units[bits.trailingZeroBitCount] = reader.count()
            bits &= bits &- 1
        }
        return reader.failed ? 0 : UInt32(truncatingIfNeeded: mask)
    }

    /// Whether the provider's own usage object is there.
    package var hasRaw: Bool { mask & Mask.raw != 0 }

    /// One attempt in place.
    package struct AttemptView {
        package var upstream: UnsafeRawBufferPointer
        /// The digits of an opaque id, 16 of them.
        package var keyBits: UInt64?
        /// Any other key.
        package var keyText: UnsafeRawBufferPointer?
        package var status: UInt16?
        package var failure: UInt8
        package var duration: Int64

        package var key: String? {
            keyBits.map { OpaqueID.key.text($0) } ?? keyText.map { String(decoding: $0, as: UTF8.self) }
        }
    }

    /// Reads the next attempt; call it ``attemptCount`` times.
    package mutating func nextAttempt() -> AttemptView {
        let mask = rest.byte()
        let upstream = rest.blob()
        let keyBits: UInt64? = mask & 1 != 0 ? rest.fixed64() : nil
        let keyText: UnsafeRawBufferPointer? = mask & 3 == 2 ? rest.blob() : nil
        let status: UInt16? = mask & 4 != 0 ? rest.fixed16() : nil
        let failure: UInt8 = mask & 8 != 0 ? rest.byte() : 0
        if mask & 0xf0 != 0 || mask & 3 == 3 || (mask & 8 != 0) != (failure != 0) { rest.fail() }
        return AttemptView(
            upstream: upstream,
            keyBits: keyBits,
            keyText: keyText,
            status: status,
            failure: failure,
            duration: rest.signed()
        )
    }

    /// The optional part of the usage, in place; read it after the attempts.
    package struct UsageTail {
        package var reportedTotal: Int64?
        package var tier: UnsafeRawBufferPointer?
        package var speed: UnsafeRawBufferPointer?
        package var region: UnsafeRawBufferPointer?
        package var providerCost: Int64?
    }

    package mutating func usageTail() -> UsageTail {
        var tail = UsageTail()
        if mask & Mask.reportedTotal != 0 { tail.reportedTotal = rest.signed() }
        if mask & Mask.tier != 0 { tail.tier = rest.blob() }
        if mask & Mask.speed != 0 { tail.speed = rest.blob() }
        if mask & Mask.region != 0 { tail.region = rest.blob() }
        if mask & Mask.providerCost != 0 { tail.providerCost = rest.signed() }
        return tail
    }

    /// Work billed on other models; read it after ``usageTail()``.
    package mutating func additional() -> [Usage.Additional] {
        guard mask & Mask.additional != 0 else { return [] }
        let number = rest.small(256)
        var list: [Usage.Additional] = []
        for _ in 0..<number {
            let named = rest.byte()
            if named > 1 { rest.fail() }
            let model: String? = named == 1 ? rest.string() : nil
            list.append(Usage.Additional(model: model, counts: UsageCounts(reading: &rest)))
            if rest.failed { return [] }
        }
        return list
    }

    /// The last part of a record but for the raw usage.
    package struct Strings {
        package var path = ""
        package var responseID: String?
        package var session: String?
        package var tags = Tags()
    }

    /// The path, the provider's id of the answer, the session and the tags; read them after ``additional()``.
    package mutating func strings() -> Strings {
        var strings = Strings()
        strings.path = KnownPath.read(&rest)
        if mask & Mask.responseID != 0 { strings.responseID = rest.string() }
        if mask & Mask.session != 0 { strings.session = rest.string() }
        guard mask & Mask.tags != 0 else { return strings }
        var last: String?
        for _ in 0..<rest.small(Tags.most) {
            let name = rest.string()
            guard last.map({ $0 < name }) ?? true, strings.tags.add(name: name, value: rest.string()) else {
                rest.fail()
                return strings
            }
            last = name
        }
        if strings.tags.isEmpty { rest.fail() }
        return strings
    }

    /// The raw usage, empty when there is none; the end of a record.
    package mutating func raw() -> [UInt8] {
        guard mask & Mask.raw != 0 else { return [] }
        guard let text = RawUsageCoding.decode(rest.blob(), limit: Usage.rawLimit) else {
            rest.fail()
            return []
        }
        return text
    }
}

extension UsageCounts {
    /// Counts from the primitive forms; empty when damaged, with the reader failed.
    package init(reading reader: inout ByteReader) {
        self = withUnsafeTemporaryAllocation(of: Int64.self, capacity: 32) { units in
            let mask = CompletedReader.readUnits(&reader, into: units)
            return UsageCounts(mask: mask, units: UnsafeBufferPointer(units)) ?? UsageCounts()
        }
    }

    /// Counts from an array by unit.
    package init?(mask: UInt32, units: UnsafeBufferPointer<Int64>) {
        if mask == 0 {
            self.init()
            return
        }
        var values: [Int64] = []
        values.reserveCapacity(mask.nonzeroBitCount)
        var bits = mask
        while bits != 0 {
            values.append(units[bits.trailingZeroBitCount])
            bits &= bits &- 1
        }
        self.init(mask: mask, values: values)
    }

    func write(_ writer: inout ByteWriter) {
        writer.varint(UInt64(mask))
        for value in values { writer.varint(UInt64(max(0, value))) }
    }
}

/// Opaque ids, a letter, `_` and 16 hex digits, take eight bytes.
struct OpaqueID {
    /// `k_` of the keys of providers.
    static let key = OpaqueID(letter: 0x6b)
    /// `c_` of clients.
    static let client = OpaqueID(letter: 0x63)

    let letter: UInt8

    func text(_ bits: UInt64) -> String {
        var out: [UInt8] = [letter, 0x5f]
        for shift in stride(from: 60, through: 0, by: -4) {
            out.append(hexDigit(UInt8(truncatingIfNeeded: bits >> UInt64(shift)) & 15))
        }
        return String(decoding: out, as: UTF8.self)
    }

    func bits(_ text: String) -> UInt64? {
        let found: UInt64?? = text.utf8.withContiguousStorageIfAvailable { bytes in
            guard bytes.count == 18, bytes[0] == letter, bytes[1] == 0x5f else { return nil }
            var bits: UInt64 = 0
            for character in bytes[2...] {
                guard let value = hexValue(character), !(0x41...0x46).contains(character) else { return nil }
                bits = bits << 4 | UInt64(value)
            }
            return bits
        }
        return found ?? nil
    }
}

/// Frequent paths take one byte. Part of the schema: never change or reorder the table.
enum KnownPath {
    static let table = [
        "", "/v1/chat/completions", "/v1/completions", "/v1/responses", "/v1/embeddings", "/v1/messages",
        "/v1/images/generations", "/v1/audio/transcriptions", "/v1/audio/speech", "/v1/moderations", "/v1/rerank",
        "/chat/completions", "/completions", "/responses", "/embeddings", "/v2/chat", "/v2/rerank", "/api/chat",
        "/api/generate", "/v1/messages/count_tokens", "/v1/models", "/api/v1/chat/completions",
        "/openai/v1/chat/completions", "/v1beta/openai/chat/completions",
    ]

    private static let codes = Dictionary(uniqueKeysWithValues: table.enumerated().map { ($1, $0 + 1) })

    static func write(_ path: String, _ writer: inout ByteWriter) {
        if let code = codes[path] {
            writer.count(code)
        } else {
            writer.count(0)
            writer.string(path)
        }
    }

    static func read(_ reader: inout ByteReader) -> String {
        let code = reader.small(table.count)
        return code == 0 ? reader.string() : table[code - 1]
    }
}
