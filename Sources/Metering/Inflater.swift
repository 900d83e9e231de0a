import CZlib

/// Decodes a gzip or deflate body piece by piece, with a bound on how far it may swell.
final class Inflater {
    /// How decoding stands.
    enum State { case running, ended, failed }

    private(set) var state = State.running
    /// True when the data ended where it should: with the stream, or between two gzip members.
    private(set) var isWhole = false
    private let handle: OpaquePointer
    private let gzip: Bool
    private let buffer: UnsafeMutableRawBufferPointer
    private var taken: UInt64 = 0
    private var given: UInt64 = 0

    /// The size of one decoded piece.
    private static let pieceLength = 16 * 1024
    /// Output beyond this many bytes must stay within ``ratioLimit`` times the input: JSON never packs better.
    private static let freeOutput: UInt64 = 1 << 20
    private static let ratioLimit: UInt64 = 300

    /// A decoder; nil when memory ran out.
    init?(gzip: Bool) {
        guard let handle = tollgate_inflater_create(gzip ? 1 : 0) else { return nil }
        self.handle = handle
        self.gzip = gzip
        buffer = .allocate(byteCount: Self.pieceLength, alignment: 16)
    }

    deinit {
        tollgate_inflater_destroy(handle)
        buffer.deallocate()
    }

    /// Decodes `input` and hands each decoded piece to `body`; stops for good at the first fault.
    func decode(_ input: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) {
        guard let base = input.baseAddress?.assumingMemoryBound(to: UInt8.self),
            let output = buffer.baseAddress?.assumingMemoryBound(to: UInt8.self)
        else { return }
        var position = 0
        while state == .running {
            var consumed = 0
            var produced = 0
            let result = tollgate_inflater_run(
                handle,
                base + position,
                input.count - position,
                &consumed,
                output,
                buffer.count,
                &produced
            )
            position += consumed
            taken &+= UInt64(consumed)
            given &+= UInt64(produced)
            if produced > 0 { body(UnsafeRawBufferPointer(rebasing: buffer.prefix(produced))) }
            if result == Int32(TOLLGATE_INFLATE_ERROR) || isSwollen {
                state = .failed
                isWhole = false
            } else if result == Int32(TOLLGATE_INFLATE_END) {
                isWhole = true
                // What follows a gzip member and is no other member is padding.
                if !gzip || (consumed == 0 && position < input.count) { state = .ended }
            } else if consumed > 0 {
                isWhole = false
            }
            if produced < buffer.count, position == input.count || (consumed == 0 && produced == 0) { return }
        }
    }

    /// Decodes a whole body, at most `limit` bytes of it.
    static func decode(_ input: UnsafeRawBufferPointer, gzip: Bool, limit: Int) -> [UInt8] {
        var result: [UInt8] = []
        guard let inflater = Inflater(gzip: gzip) else { return result }
        // Small pieces, so that no more than a little is decoded in vain.
        var start = 0
        while start < input.count, result.count < limit, inflater.state == .running {
            let end = min(input.count, start + 4096)
            inflater.decode(input.slice(start..<end)) { piece in
                result.append(contentsOf: piece.prefix(limit - result.count))
            }
            start = end
        }
        return result
    }

    private var isSwollen: Bool { given > Self.freeOutput && given / Self.ratioLimit > taken }
}

/// CRC-32 as Amazon's event streams use it, continuing from `crc`.
func crc32(_ crc: UInt32, _ bytes: UnsafeRawBufferPointer) -> UInt32 {
    guard let base = bytes.baseAddress else { return crc }
    return tollgate_crc32(crc, base, bytes.count)
}
