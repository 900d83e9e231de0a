/// Finds the messages in one direction of a websocket (RFC 6455 section 5) as its bytes pass.
///
/// It looks on and changes nothing: after a breach of the protocol, or an extension's bits, it says no more, and the
/// bytes still pass. Holds a few words of state, however long a frame is. Confined to one thread at a time.
package struct FrameReader: Sendable {
    /// Something found in the bytes that were given.
    package enum Part: Equatable, Sendable {
        /// A piece of a text or binary message at this range, to be unmasked first where there is a mask.
        case message(Range<Int>, mask: FrameMask?, isLast: Bool)
        /// A close frame begins at this offset; nothing but its end is found after it.
        case closeStart(Int)
        /// The close frame is over; its status code is nil when it states none.
        case closeEnd(code: UInt16?)
    }

    private enum State {
        case firstByte
        case lengthByte
        case extendedLength(left: Int)
        case mask(left: Int)
        case payload
        case closed
        case broken
    }

    private enum Kind { case message, close, otherControl }

    private var state = State.firstByte
    private var kind = Kind.message
    private var isFinal = false
    private var isMasked = false
    private var maskBits: UInt32 = 0
    private var remaining: UInt64 = 0
    private var position: UInt64 = 0
    /// True between the first frame of a fragmented message and its last one.
    private var isFragmented = false
    private var closeCode: UInt16 = 0

    package init() {}

    /// True once the peer has ended its side with a whole close frame.
    package var isClosed: Bool { if case .closed = state { true } else { false } }

    /// True when the bytes are not, or no longer, frames that can be read.
    package var isBroken: Bool { if case .broken = state { true } else { false } }

    /// The next part at or after `offset`, which moves on; nil when all bytes were used.
    package mutating func next(_ bytes: UnsafeRawBufferPointer, from offset: inout Int) -> Part? {
        while offset < bytes.count {
            switch state {
            case .firstByte:
                let start = offset
                read(firstByte: bytes[offset])
                offset += 1
                if case .close = kind, !isBroken { return .closeStart(start) }
            case .lengthByte:
                read(lengthByte: bytes[offset])
                offset += 1
                if let part = atPayload(offset) { return part }
            case .extendedLength(let left):
                remaining = remaining << 8 | UInt64(bytes[offset])
                offset += 1
                state = left > 1 ? .extendedLength(left: left - 1) : afterLength()
                if let part = atPayload(offset) { return part }
            case .mask(let left):
                maskBits = maskBits >> 8 | UInt32(bytes[offset]) << 24
                offset += 1
                state = left > 1 ? .mask(left: left - 1) : .payload
                if let part = atPayload(offset) { return part }
            case .payload:
                if let part = payload(bytes, &offset) { return part }
            case .closed, .broken:
                offset = bytes.count
            }
        }
        return nil
    }

    private mutating func read(firstByte byte: UInt8) {
        state = .lengthByte
        isFinal = byte & 0x80 != 0
        // The three bits that only an extension may set: what follows is compressed or otherwise not what it seems.
        guard byte & 0x70 == 0 else {
            state = .broken
            return
        }
        switch byte & 0x0F {
        case 0x0 where isFragmented: kind = .message
        case 0x1 where !isFragmented, 0x2 where !isFragmented: kind = .message
        case 0x8 where isFinal: kind = .close
        case 0x9 where isFinal, 0xA where isFinal: kind = .otherControl
        default: state = .broken
        }
        if kind == .message { isFragmented = !isFinal }
    }

    private mutating func read(lengthByte byte: UInt8) {
        isMasked = byte & 0x80 != 0
        position = 0
        remaining = 0
        let length = byte & 0x7F
        if length > 125 {
            // Only a message's frame may be longer (section 5.5).
            state = kind == .message ? .extendedLength(left: length == 126 ? 2 : 8) : .broken
        } else {
            remaining = UInt64(length)
            state = afterLength()
        }
    }

    private func afterLength() -> State {
        guard remaining >> 63 == 0 else { return .broken }
        return isMasked ? .mask(left: 4) : .payload
    }

    /// An empty payload is over before any byte of it.
    private mutating func atPayload(_ offset: Int) -> Part? {
        guard case .payload = state, remaining == 0 else { return nil }
        return endFrame(offset..<offset)
    }

    private mutating func payload(_ bytes: UnsafeRawBufferPointer, _ offset: inout Int) -> Part? {
        let count = Int(min(remaining, UInt64(bytes.count - offset)))
        let range = offset..<offset + count
        let mask = isMasked ? FrameMask(bits: maskBits, position: position) : nil
        if kind == .close { readCode(bytes, range, mask) }
        offset += count
        position += UInt64(count)
        remaining -= UInt64(count)
        if remaining == 0 { return endFrame(range, mask) }
        return kind == .message ? .message(range, mask: mask, isLast: false) : nil
    }

    private mutating func endFrame(_ range: Range<Int>, _ mask: FrameMask? = nil) -> Part? {
        switch kind {
        case .message:
            state = .firstByte
            return .message(range, mask: mask, isLast: isFinal)
        case .close:
            state = .closed
            return .closeEnd(code: position >= 2 ? closeCode : nil)
        case .otherControl:
            state = .firstByte
            return nil
        }
    }

    private mutating func readCode(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, _ mask: FrameMask?) {
        for index in range where position + UInt64(index - range.lowerBound) < 2 {
            closeCode = closeCode << 8 | UInt16(bytes[index] ^ (mask?.byte(index - range.lowerBound) ?? 0))
        }
    }
}

/// The mask of a frame's payload (RFC 6455 section 5.3), from some position of the payload on.
package struct FrameMask: Equatable, Sendable {
    private let bits: UInt32

    /// - Parameters:
    ///   - bits: the mask's four bytes, the first one lowest.
    ///   - position: where in the payload the bytes begin that are to be unmasked.
    package init(bits: UInt32, position: UInt64) {
        let shift = UInt32(position & 3) * 8
        self.bits = shift == 0 ? bits : bits >> shift | bits << (32 - shift)
    }

    /// The mask of the byte at an offset from the position.
    package func byte(_ offset: Int) -> UInt8 { UInt8(truncatingIfNeeded: bits >> (UInt32(offset & 3) * 8)) }

    /// Writes the unmasked bytes of `masked` to `plain`, which has room for them; eight at a time.
    package func unmask(_ masked: UnsafeRawBufferPointer, into plain: UnsafeMutableRawBufferPointer) {
        let count = min(masked.count, plain.count)
        let wide = UInt64(bits) << 32 | UInt64(bits)
        var index = 0
        while index + 8 <= count {
            let word = UInt64(littleEndian: masked.loadUnaligned(fromByteOffset: index, as: UInt64.self))
            plain.storeBytes(of: (word ^ wide).littleEndian, toByteOffset: index, as: UInt64.self)
            index += 8
        }
        while index < count {
            plain[index] = masked[index] ^ byte(index)
            index += 1
        }
    }
}
