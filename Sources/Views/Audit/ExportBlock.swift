internal import Events
internal import Glibc
internal import Ledger

/// What a run of an export's lines gave.
struct ExportBlock: Sendable {
    /// The leaves of the lines; nil when there was no line.
    var range: CompactRange?
    var events: UInt64 = 0
    var omitted: UInt64 = 0
    /// The runs that a filter left out.
    var omissions: [ClosedRange<UInt64>] = []
    /// The schema versions and price books that were adopted.
    var adoptions: [(sequence: UInt64, event: Event)] = []
    /// The first thing that does not hold; the lines behind it were not looked at.
    var failure: AuditFailure?

    /// Hashes whole lines and compares each event with its stored bytes. On any thread.
    init(_ bytes: [UInt8]) {
        bytes.withUnsafeBytes { bytes in
            var record: [UInt8] = []
            var start = 0
            while start < bytes.count {
                let end = ExportLines.endOfLine(bytes, from: start)
                let line = UnsafeRawBufferPointer(rebasing: bytes[start..<end])
                do throws(AuditFailure) {
                    try add(line, &record)
                } catch {
                    failure = error
                    return
                }
                start = end + 1
            }
        }
    }

    private mutating func add(_ line: UnsafeRawBufferPointer, _ record: inout [UInt8]) throws(AuditFailure) {
        if ExportLines.isControl(line) {
            let run = try ExportLines.omitted(line)
            omitted += run.count
            omissions.append(run.begin + 1...run.end)
            var covered = range ?? CompactRange(begin: run.begin)
            guard covered.append(run) else { throw ExportBlock.gap(expected: covered.end + 1, found: run.begin + 1) }
            range = covered
            return
        }
        guard let sequence = ExportLines.sequence(line), sequence >= 1, let place = ExportLines.stored(line) else {
            throw AuditFailure(
                .malformed,
                "the line behind event \(range?.end ?? 0) is no event with its stored bytes",
                at: range.map { $0.end + 1...$0.end + 1 }
            )
        }
        if range == nil { range = CompactRange(begin: sequence - 1) }
        let expected = (range?.end ?? 0) + 1
        guard sequence == expected else { throw ExportBlock.gap(expected: expected, found: sequence) }
        guard Base64.decode(UnsafeRawBufferPointer(rebasing: line[place.base64]), into: &record) else {
            throw AuditFailure(
                .malformed,
                "the stored bytes of event \(sequence) are not base64",
                at: sequence...sequence
            )
        }
        let event = try ExportBlock.compare(UnsafeRawBufferPointer(rebasing: line[..<place.fields]), record, sequence)
        switch event {
        case .schemaAdopted, .priceBookAdopted: adoptions.append((sequence, event))
        default: break
        }
        range?.append(leaf: record.withUnsafeBytes { Digest.leaf($0) })
        events += 1
    }

    /// The event; throws unless the fields, without their closing brace, are what the record's bytes say.
    private static func compare(
        _ fields: UnsafeRawBufferPointer,
        _ record: [UInt8],
        _ sequence: UInt64
    ) throws(AuditFailure) -> Event {
        let event: Event
        do throws(EventError) {
            event = try EventCodec.decode(record)
        } catch {
            throw AuditFailure(
                .field,
                "the stored bytes of event \(sequence) cannot be read as an event: \(error)",
                at: sequence...sequence
            )
        }
        let rendered = EventJSON.render(event, sequence: sequence, schema: record.first ?? 0)
        let isSame = rendered.withUnsafeBytes { rendered in
            guard rendered.count == fields.count + 1, let left = rendered.baseAddress, let right = fields.baseAddress
            else {
                return false
            }
            return memcmp(left, right, fields.count) == 0
        }
        guard isSame else {
            let name = ExportLines.difference(fields + [0x7d], rendered)
            throw AuditFailure(
                .field,
                "event \(sequence) shows something else than its stored bytes say"
                    + (name.map { ", first in `\($0)`" } ?? " in the form of its line"),
                at: sequence...sequence
            )
        }
        return event
    }

    static func gap(expected: UInt64, found: UInt64) -> AuditFailure {
        guard found > expected else {
            return AuditFailure(
                .malformed,
                "event \(found) stands where event \(expected) belongs: it is there twice or out of order",
                at: expected...expected
            )
        }
        let missing = found - 1 == expected ? "event \(expected) is" : "events \(expected) to \(found - 1) are"
        return AuditFailure(.missing, "\(missing) missing in the export", at: expected...found - 1)
    }
}
