internal import Events
internal import Glibc
internal import Ledger

/// The form of an auditable export: NDJSON with a manifest before and a trailer behind the events.
///
/// Each event's line ends with the member `stored`, the base64 of the record's bytes, which are a leaf of the ledger's
/// tree. The manifest holds the hashes of what stands before the first event, and a line `export.omitted` those of a run
/// that a filter left out. Together they lead to the root that the checkpoint in the trailer signs.
enum ExportLines {
    /// The longest line: a record in base64 and its fields beside it.
    static let lineLimit = 96 << 20
    /// Beyond every sequence there will ever be.
    static let sequenceLimit: UInt64 = 1 << 62

    /// The first line.
    struct Manifest {
        var origin: String
        var key: String
        var from: UInt64
        /// Nil where the export goes on with what comes, and its trailer says how far.
        var through: UInt64?
        var left: CompactRange
        var epochs: ExportEpochs
        var filter: EventFilter

        init(_ line: [UInt8]) throws(AuditFailure) {
            let json = try ExportLines.control(line, "export.manifest", "the first line")
            guard json["version"]?.whole == 1 else {
                throw AuditFailure(
                    .malformed,
                    "this export has a form that this version does not know; use a newer one"
                )
            }
            guard let origin = json["origin"]?.text, let key = json["key"]?.text, let from = json["from"]?.whole,
                (1...sequenceLimit).contains(from), let last = json["through"], last == json["tree_size"],
                last == .null || last.whole.map({ $0 >= from - 1 && $0 <= sequenceLimit }) == true,
                let nodes = ExportLines.hashes(json["left"]),
                let left = CompactRange(begin: 0, end: from - 1, nodes: nodes),
                let epochs = ExportEpochs(schemas: json["schemas"], books: json["price_books"]),
                let filter = EventFilter(json["filter"])
            else {
                throw AuditFailure(
                    .malformed,
                    "the export's manifest lacks a field, or its numbers do not fit together"
                )
            }
            self.origin = origin
            self.key = key
            self.from = from
            self.through = last.whole
            self.left = left
            self.epochs = epochs
            self.filter = filter
        }
    }

    /// The last line.
    struct Trailer {
        var events: UInt64
        var omitted: UInt64
        var digest: String
        var root: Digest
        var checkpoint: String

        init(_ line: [UInt8]) throws(AuditFailure) {
            let json = try ExportLines.control(line, "export.trailer", "the last line")
            guard let events = json["events"]?.whole, let omitted = json["omitted"]?.whole,
                let digest = json["sha256"]?.text, let root = json["root"]?.text.flatMap({ Digest(base64: $0) }),
                let checkpoint = json["checkpoint"]?.text
            else { throw AuditFailure(.malformed, "the export's trailer lacks a field") }
            self.events = events
            self.omitted = omitted
            self.digest = digest
            self.root = root
            self.checkpoint = checkpoint
        }
    }

    /// Whether a line is of the export itself and not an event.
    static func isControl(_ line: UnsafeRawBufferPointer) -> Bool { starts(line, "{\"type\":\"export.") }

    static func isManifest(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { starts($0, "{\"type\":\"export.manifest\"") }
    }

    static func isManifest(_ line: UnsafeRawBufferPointer) -> Bool { starts(line, "{\"type\":\"export.manifest\"") }

    /// Whether the bytes are the beginning of a first line.
    static func mayBecomeManifest(_ bytes: [UInt8]) -> Bool {
        isManifest(bytes) || Array("{\"type\":\"export.manifest\"".utf8).starts(with: bytes)
    }

    static func isTrailer(_ line: [UInt8]) -> Bool {
        line.withUnsafeBytes { starts($0, "{\"type\":\"export.trailer\"") }
    }

    /// The hashes of a run that a filter left out.
    static func omitted(_ line: UnsafeRawBufferPointer) throws(AuditFailure) -> CompactRange {
        guard !isTrailer([UInt8](line)) else {
            throw AuditFailure(.trailing, "there are further lines behind the export's trailer")
        }
        let json = try control([UInt8](line), "export.omitted", "a line")
        guard let from = json["from"]?.whole, let through = json["through"]?.whole, from >= 1,
            through >= from, through <= sequenceLimit,
            let nodes = hashes(json["nodes"]), let range = CompactRange(begin: from - 1, end: through, nodes: nodes)
        else {
            throw AuditFailure(
                .malformed,
                "a line about omitted events lacks a field, or its hashes do not fit its range"
            )
        }
        return range
    }

    private static func control(
        _ line: [UInt8],
        _ type: String,
        _ name: String
    ) throws(AuditFailure) -> JSONNode {
        guard let json = JSONNode(line), json["type"]?.text == type else {
            throw AuditFailure(
                .malformed,
                "\(name) is no \(type): this is not an export made by `tollgate export --format ndjson`, or it was changed"
            )
        }
        return json
    }

    private static func hashes(_ node: JSONNode?) -> [Digest]? {
        guard let elements = node?.elements else { return nil }
        let hashes = elements.compactMap { $0.text.flatMap { Digest(base64: $0) } }
        return hashes.count == elements.count ? hashes : nil
    }

    /// The sequence that an event's line states.
    static func sequence(_ line: UnsafeRawBufferPointer) -> UInt64? {
        let start = "{\"seq\":".utf8.count
        guard starts(line, "{\"seq\":") else { return nil }
        var number: UInt64 = 0
        var index = start
        while index < line.count, (0x30...0x39).contains(line[index]) {
            let (product, isTooBig) = number.multipliedReportingOverflow(by: 10)
            let (sum, overflows) = product.addingReportingOverflow(UInt64(line[index] - 0x30))
            guard !isTooBig, !overflows else { return nil }
            number = sum
            index += 1
        }
        return index > start ? number : nil
    }

    static func lastNewline(in bytes: UnsafeRawBufferPointer) -> Int? { last(0x0a, in: bytes) }

    /// The last position of a byte. The system's own search backwards is not part of the C library's standard.
    private static func last(_ byte: UInt8, in bytes: UnsafeRawBufferPointer) -> Int? {
        let pattern = UInt64(byte) &* 0x0101_0101_0101_0101
        let low: UInt64 = 0x7f7f_7f7f_7f7f_7f7f
        var end = bytes.count
        while end >= 8 {
            let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: end - 8, as: UInt64.self)) ^ pattern
            // The top bit of each byte that is zero now, and of no other.
            let found = ~(((word & low) &+ low) | word | low)
            if found != 0 { return end - 1 - found.leadingZeroBitCount / 8 }
            end -= 8
        }
        return bytes[..<end].lastIndex(of: byte)
    }

    /// The position of the first newline at or behind `start`, else the end.
    static func endOfLine(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
        guard start < bytes.count, let base = bytes.baseAddress,
            let found = memchr(base + start, 0x0a, bytes.count - start)
        else { return bytes.count }
        return UnsafeRawPointer(found) - base
    }

    private static let storedKey = Array(",\"stored\":\"".utf8)

    /// The place of the base64 in an event's line, and the end of what stands before it.
    static func stored(_ line: UnsafeRawBufferPointer) -> (fields: Int, base64: Range<Int>)? {
        guard line.count > 2, line[line.count - 1] == 0x7d, line[line.count - 2] == 0x22 else { return nil }
        let end = line.count - 2
        guard let quote = last(0x22, in: UnsafeRawBufferPointer(rebasing: line[..<end])) else { return nil }
        let fields = quote + 1 - storedKey.count
        guard fields >= 0, line[fields...quote].elementsEqual(storedKey) else { return nil }
        return (fields, quote + 1..<end)
    }

    /// The first member at the top of two objects that is not the same in both; nil when it is something else.
    static func difference(_ line: [UInt8], _ expected: [UInt8]) -> String? {
        guard case .object(let shown)? = JSONNode(line), case .object(let members)? = JSONNode(expected) else {
            return nil
        }
        for (name, value) in shown where members.first(where: { $0.name == name })?.value != value { return name }
        return members.first { member in !shown.contains { $0.name == member.name } }?.name
    }

    private static func starts(_ line: UnsafeRawBufferPointer, _ text: StaticString) -> Bool {
        text.withUTF8Buffer { line.starts(with: $0) }
    }
}
