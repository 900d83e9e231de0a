/// The entries of a log file that may be damaged: those of every piece whose checksum holds.
///
/// Source: log_format.md of LevelDB. A file is a row of blocks of 32 KiB; a batch is one piece or several, none of which
/// crosses a block. Where a piece is lost, the ones before and behind it still hold whole entries.
package struct DamagedLog {
    private static let blockLength = 32_768
    private static let headerLength = 7
    /// Sequence number and count at the head of a batch.
    private static let batchHeader = 12

    private enum Piece: UInt8 {
        case full = 1
        case first
        case middle
        case last
    }

    private let file: UnsafeRawBufferPointer
    private let isKey: (UnsafeRawBufferPointer) -> Bool
    private let body: (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    private var collected: [UInt8] = []
    private var isCollecting = false
    /// What comes before `collected` was lost.
    private var lacksBegin = false
    private var damages = 0

    /// Calls `body` with every readable entry, in order; returns the number of places that could not be read.
    ///
    /// A piece that is cut off at the very end counts, although that is how a log looks after a kill.
    /// `isKey` tells what is a key, where an entry has to be found in the middle of a batch.
    package static func read(
        _ file: UnsafeRawBufferPointer,
        isKey: (UnsafeRawBufferPointer) -> Bool,
        _ body: (_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer) -> Void
    ) -> Int {
        withoutActuallyEscaping(isKey) { isKey in
            withoutActuallyEscaping(body) { body in
                var log = DamagedLog(file: file, isKey: isKey, body: body)
                var offset = 0
                while offset < file.count {
                    log.readBlock(from: offset, to: min(offset + blockLength, file.count))
                    offset += blockLength
                }
                // A batch whose end is not there was never acknowledged, unless the file was cut: what is in it is read.
                log.finish(lacksEnd: true)
                return log.damages
            }
        }
    }

    private init(
        file: UnsafeRawBufferPointer,
        isKey: @escaping (UnsafeRawBufferPointer) -> Bool,
        body: @escaping (UnsafeRawBufferPointer, UnsafeRawBufferPointer) -> Void
    ) {
        self.file = file
        self.isKey = isKey
        self.body = body
    }

    private mutating func readBlock(from start: Int, to end: Int) {
        var offset = start
        var isLost = false
        while offset + Self.headerLength <= end {
            guard let (kind, content) = piece(at: offset, end: end) else {
                if !isLost {
                    // Zeros fill a block where no header fits; further on they are no loss either.
                    if isZero(offset, end) { return }
                    damages += 1
                    finish(lacksEnd: true)
                    lacksBegin = true
                }
                isLost = true
                offset += 1
                continue
            }
            isLost = false
            offset += Self.headerLength + content.count
            take(kind, content)
        }
    }

    private func isZero(_ start: Int, _ end: Int) -> Bool { file[start..<end].allSatisfy { $0 == 0 } }

    private func piece(at offset: Int, end: Int) -> (Piece, UnsafeRawBufferPointer)? {
        let length = Int(file[offset + 4]) | Int(file[offset + 5]) << 8
        guard let piece = Piece(rawValue: file[offset + 6]), offset + Self.headerLength + length <= end,
            let content = file.slice(offset + Self.headerLength, length),
            let typed = file.slice(offset + 6, length + 1),
            CRC32C.masked(CRC32C.state(typed)) == file.word(at: offset)
        else { return nil }
        return (piece, content)
    }

    private mutating func take(_ piece: Piece, _ content: UnsafeRawBufferPointer) {
        switch piece {
        case .full, .first:
            if isCollecting { finish(lacksEnd: true) }
            lacksBegin = false
        case .middle, .last:
            // Its beginning was lost before.
            if !isCollecting { lacksBegin = true }
        }
        isCollecting = true
        collected.append(contentsOf: content)
        if piece == .full || piece == .last { finish(lacksEnd: false) }
    }

    /// Reads the entries of what was collected of a batch.
    private mutating func finish(lacksEnd: Bool) {
        defer {
            collected.removeAll(keepingCapacity: true)
            isCollecting = false
            lacksBegin = false
        }
        guard isCollecting else { return }
        collected.withUnsafeBytes { batch in
            if !lacksBegin {
                guard batch.count >= Self.batchHeader else { return }
                for (key, value) in entries(batch, from: Self.batchHeader).found { body(key, value) }
                return
            }
            // The first entry that others follow up to the end, or one after another where the end is lost too.
            for start in 0..<batch.count where batch[start] == 1 {
                let (found, isWhole) = entries(batch, from: start)
                let isSure = found.allSatisfy { isKey($0.key) } && (lacksEnd ? found.count > 1 : isWhole)
                guard !found.isEmpty, isSure else { continue }
                for (key, value) in found { body(key, value) }
                return
            }
        }
    }

    private func entries(
        _ batch: UnsafeRawBufferPointer,
        from start: Int
    ) -> (found: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)], isWhole: Bool) {
        var found: [(key: UnsafeRawBufferPointer, value: UnsafeRawBufferPointer)] = []
        var place = start
        while place < batch.count {
            guard let (key, middle) = batch.counted(at: place + 1) else { return (found, false) }
            switch batch[place] {
            case 0: place = middle
            case 1:
                guard let (value, end) = batch.counted(at: middle) else { return (found, false) }
                found.append((key, value))
                place = end
            default: return (found, false)
            }
        }
        return (found, true)
    }
}
