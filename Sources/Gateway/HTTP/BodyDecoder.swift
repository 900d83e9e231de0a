package import NIOCore

/// Takes the framing off a message body (RFC 9112 sections 6 and 7) without copying its bytes.
package struct BodyDecoder {
    /// What the next bytes of the connection are.
    package enum Piece {
        case data(ByteBuffer)
        /// The body has ended; what follows belongs to the next message.
        case end
        /// All that has arrived was used.
        case needsMore
        /// The chunk framing is broken; where the message ends is unknown.
        case malformed
    }

    private enum State {
        case length(Int)
        case chunkSize
        case chunkData(Int)
        case chunkEnd
        case trailers(seen: Int)
        case untilClose
        case ended
    }

    private var state: State

    package init(_ framing: BodyFraming) {
        switch framing {
        case .none: state = .ended
        case .length(let length): state = length == 0 ? .ended : .length(length)
        case .chunked: state = .chunkSize
        case .untilClose: state = .untilClose
        }
    }

    /// True when all bytes of the body have been handed out, or the connection's close ends it.
    package var endsAtClose: Bool { if case .untilClose = state { true } else { false } }

    /// True when the bytes handed out so far are the whole of a body of known length.
    package var isComplete: Bool { if case .ended = state { true } else { false } }

    /// The next piece at the front of `buffer`.
    package mutating func next(_ buffer: inout ByteBuffer) -> Piece {
        while true {
            switch state {
            case .ended: return .end
            case .untilClose:
                guard buffer.readableBytes > 0, let data = buffer.readSlice(length: buffer.readableBytes) else {
                    return .needsMore
                }
                return .data(data)
            case .length(let remaining):
                guard let data = take(remaining, from: &buffer) else { return .needsMore }
                state = remaining == data.readableBytes ? .ended : .length(remaining - data.readableBytes)
                return .data(data)
            case .chunkData(let remaining):
                guard let data = take(remaining, from: &buffer) else { return .needsMore }
                state = remaining == data.readableBytes ? .chunkEnd : .chunkData(remaining - data.readableBytes)
                return .data(data)
            case .chunkEnd:
                guard let end: UInt16 = buffer.getInteger(at: buffer.readerIndex) else { return .needsMore }
                guard end == 0x0D0A else { return .malformed }
                buffer.moveReaderIndex(forwardBy: 2)
                state = .chunkSize
            case .chunkSize:
                switch readChunkSize(&buffer) {
                case .size(0): state = .trailers(seen: 0)
                case .size(let size): state = .chunkData(size)
                case .needsMore: return .needsMore
                case .malformed: return .malformed
                }
            case .trailers(let seen):
                guard let line = trailerLength(buffer) else {
                    return buffer.readableBytes > 8192 ? .malformed : .needsMore
                }
                guard line >= 2 else { return .malformed }
                buffer.moveReaderIndex(forwardBy: line)
                if line == 2 {
                    state = .ended
                } else {
                    guard seen + line <= 16384 else { return .malformed }
                    state = .trailers(seen: seen + line)
                }
            }
        }
    }

    private func take(_ limit: Int, from buffer: inout ByteBuffer) -> ByteBuffer? {
        let length = min(limit, buffer.readableBytes)
        return length > 0 ? buffer.readSlice(length: length) : nil
    }

    private enum ChunkSize { case size(Int), needsMore, malformed }

    /// Reads `HEX [; extension] CRLF`; sizes of more than 15 digits and lines over 1 kB are refused.
    private func readChunkSize(_ buffer: inout ByteBuffer) -> ChunkSize {
        let outcome: (ChunkSize, Int) = buffer.withUnsafeReadableBytes { bytes in
            var size = 0
            var position = 0
            while position < bytes.count, let digit = Self.hexDigit(bytes[position]) {
                guard position < 15 else { return (.malformed, 0) }
                size = size << 4 | digit
                position += 1
            }
            guard position < bytes.count else { return (.needsMore, 0) }
            guard position > 0 else { return (.malformed, 0) }
            guard
                bytes[position] == 0x0D || bytes[position] == UInt8(ascii: ";") || bytes[position] == 0x20
                    || bytes[position] == 0x09
            else { return (.malformed, 0) }
            while position < bytes.count, bytes[position] != 0x0D {
                guard position < 1024, bytes[position] != 0x0A else { return (.malformed, 0) }
                position += 1
            }
            guard position + 1 < bytes.count else { return (.needsMore, 0) }
            guard bytes[position + 1] == 0x0A else { return (.malformed, 0) }
            return (.size(size), position + 2)
        }
        buffer.moveReaderIndex(forwardBy: outcome.1)
        return outcome.0
    }

    /// The length of the next trailer line with its end; 0 when that is an LF without CR, nil when it has not arrived.
    private func trailerLength(_ buffer: ByteBuffer) -> Int? {
        buffer.withUnsafeReadableBytes { bytes in
            for index in 0..<min(bytes.count, 8192) where bytes[index] == 0x0A {
                return index > 0 && bytes[index - 1] == 0x0D ? index + 1 : 0
            }
            return nil
        }
    }

    @inline(__always)
    private static func hexDigit(_ byte: UInt8) -> Int? {
        switch byte {
        case 0x30...0x39: Int(byte) - 0x30
        case 0x41...0x46: Int(byte) - 0x37
        case 0x61...0x66: Int(byte) - 0x57
        default: nil
        }
    }
}
