internal import Ledger

/// Cuts what is read into runs of whole lines; the last line is held back, for it may be the trailer.
struct ExportInput {
    private let read: (UnsafeMutableRawBufferPointer) throws -> Int
    /// At the end: the last line and what stands behind it.
    private(set) var rest: [UInt8] = []
    private var buffer = [UInt8](repeating: 0, count: 1 << 20)
    private var isAtEnd = false

    init(read: @escaping (UnsafeMutableRawBufferPointer) throws -> Int) { self.read = read }

    /// Some whole lines; nil at the end.
    mutating func next() throws -> [UInt8]? {
        while !isAtEnd {
            let before = rest.count
            let count = try buffer.withUnsafeMutableBytes { min(try read($0), $0.count) }
            guard count > 0 else {
                isAtEnd = true
                break
            }
            buffer.withUnsafeBytes { rest.append(contentsOf: $0[..<count]) }
            let cut = rest.withUnsafeBytes { bytes -> Int? in
                guard let last = ExportLines.lastNewline(in: UnsafeRawBufferPointer(rebasing: bytes[before...])) else {
                    return nil
                }
                return ExportLines.lastNewline(in: UnsafeRawBufferPointer(rebasing: bytes[..<(before + last)]))
            }
            guard let cut else {
                guard rest.count <= 2 * ExportLines.lineLimit else {
                    throw AuditFailure(.malformed, "a line of the export is longer than \(ExportLines.lineLimit) bytes")
                }
                continue
            }
            let lines = Array(rest[...cut])
            rest.removeFirst(cut + 1)
            return lines
        }
        return nil
    }
}
