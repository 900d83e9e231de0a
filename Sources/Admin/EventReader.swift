import Events
import Synchronization
import Views

/// Gives events as lines of JSON piece by piece, as they are pulled; a piece is a bounded amount of memory.
final class EventReader: Sendable {
    private let source: any RecordSource
    private let through: UInt64
    private let names: ClientNames
    private let cursor: Mutex<UInt64>

    /// Bytes after which a piece ends.
    private static let pieceSize = 256 << 10

    init(source: any RecordSource, from: UInt64, through: UInt64, names: ClientNames = ClientNames()) {
        self.source = source
        self.names = names
        self.through = through
        cursor = Mutex(max(1, from))
    }

    /// The next sequence that will be read.
    var position: UInt64 { cursor.withLock { $0 } }

    /// The next piece, never empty; nil at the end. Blocking.
    func next() throws -> [UInt8]? {
        try cursor.withLock { next in
            var piece: [UInt8] = []
            let last = min(through, source.head)
            guard next <= last else { return nil }
            var export = Export(format: .lines, from: next, through: last)
            export.names = names
            try ExportRun(export, of: source).run { text in
                piece += text
                next += text.reduce(0) { $1 == 0x0a ? $0 + 1 : $0 }
                return piece.count < Self.pieceSize
            }
            return piece.isEmpty ? nil : piece
        }
    }
}
