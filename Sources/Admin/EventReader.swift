import Events
import Synchronization
import Views

/// Gives an export piece by piece, as it is pulled; a piece is a bounded amount of memory.
final class EventReader: Sendable {
    private let source: any RecordSource
    private let export: Export
    private let state: Mutex<State>

    private struct State {
        var position: UInt64
        var isFirst = true
    }

    /// Bytes after which a piece ends.
    private static let pieceSize = 256 << 10

    init(source: any RecordSource, export: Export) {
        self.source = source
        self.export = export
        state = Mutex(State(position: max(1, export.from)))
    }

    /// The next sequence that will be read.
    var position: UInt64 { state.withLock { $0.position } }

    /// The next piece, never empty; nil at the end. Blocking.
    func next() throws -> [UInt8]? {
        try state.withLock { state in
            var piece: [UInt8] = []
            let through = min(export.through ?? .max, source.head)
            guard state.position <= through || state.isFirst else { return nil }
            var part = export
            part.from = state.position
            part.through = through
            let last = try part.run(source) { text in
                piece += text
                return piece.count < Self.pieceSize
            }
            // Every run begins with the header; only the first one's is wanted.
            if !state.isFirst, export.format == .csv { piece.removeFirst(min(piece.count, EventCSV.header.count)) }
            state.isFirst = false
            state.position = last &+ 1
            return piece.isEmpty ? nil : piece
        }
    }
}
