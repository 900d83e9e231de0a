import Events
import Synchronization
import Views

/// Reads a range of events piece by piece as NDJSON or CSV; each piece is a bounded amount of work and memory.
final class EventReader: Sendable {
    private let source: any RecordSource
    private let last: UInt64
    private let since: Int64
    private let until: Int64
    private let isCSV: Bool
    private let state: Mutex<State>

    private struct State {
        var position: UInt64
        var hasHeader: Bool
    }

    /// Bytes after which a piece ends.
    private static let pieceSize = 128 << 10
    /// Records after which a piece ends even when few of them match.
    private static let pieceRecords = 20_000

    init(source: any RecordSource, first: UInt64, last: UInt64, since: Int64?, until: Int64?, isCSV: Bool) {
        self.source = source
        self.last = last
        self.since = since ?? .min
        self.until = until ?? .max
        self.isCSV = isCSV
        state = Mutex(State(position: first, hasHeader: !isCSV))
    }

    /// The next sequence that will be read.
    var position: UInt64 { state.withLock { $0.position } }

    /// The next piece, never empty; nil at the end. Blocking.
    func next() throws -> [UInt8]? {
        try state.withLock { state in
            var piece: [UInt8] = []
            if !state.hasHeader {
                piece = EventCSV.header
                state.hasHeader = true
            }
            while piece.isEmpty, state.position <= last, source.head >= state.position {
                try fill(&piece, &state)
            }
            return piece.isEmpty ? nil : piece
        }
    }

    private func fill(_ piece: inout [UInt8], _ state: inout State) throws {
        piece.reserveCapacity(Self.pieceSize + 8192)
        var bytes = piece
        var position = state.position
        var records = 0
        try source.scan(from: position, through: min(last, source.head)) { sequence, record in
            let event = try EventCodec.decode(record)
            position = sequence &+ 1
            records += 1
            if event.time >= since, event.time < until {
                if !isCSV {
                    bytes += EventJSON.render(event, sequence: sequence)
                    bytes.append(0x0a)
                } else if case .requestCompleted(let completed) = event {
                    bytes += EventCSV.row(completed, sequence: sequence)
                }
            }
            return bytes.count < Self.pieceSize && records < Self.pieceRecords
        }
        piece = bytes
        state.position = position
    }

    /// One event by its sequence, or the last one about a request by the request's id, as JSON. Blocking.
    static func inspect(_ name: String, _ source: any RecordSource) throws -> [UInt8] {
        if let sequence = UInt64(name) {
            guard sequence > 0, sequence <= source.head, let record = try source.readRecord(at: sequence) else {
                throw ManagementError(
                    .notFound,
                    "There is no event \(sequence); the ledger holds 1 to \(source.head)"
                )
            }
            return EventJSON.render(try EventCodec.decode(record), sequence: sequence)
        }
        guard let wanted = RequestID(text: name) else {
            throw ManagementError(.badRequest, "\"\(name.prefix(80))\" is neither a sequence nor a request id")
        }
        var found: (sequence: UInt64, record: [UInt8])?
        try source.scan(from: 1, through: source.head) { sequence, record in
            if EventCodec.requestID(record) == wanted { found = (sequence, Array(record)) }
            return true
        }
        guard let found else { throw ManagementError(.notFound, "No event is about the request \(name)") }
        return EventJSON.render(try EventCodec.decode(found.record), sequence: found.sequence)
    }
}
