internal import Accounting
package import Metering

/// Both directions of one websocket session as metering sees them.
///
/// Looks at the bytes as they pass, gives the messages to the meter, and says where a close frame begins. Memory is
/// constant. Confined to one thread at a time.
package struct SessionReader: ~Copyable {
    private var client = FrameReader()
    private var server = FrameReader()
    private var meter = SessionMeter()
    /// The status code of the server's close frame, once that is whole; nil when it states none.
    package private(set) var serverCode: UInt16?

    /// What is unmasked at a time, small enough for the stack; a multiple of a mask's four bytes.
    private static let pieceLength = 1024

    package init() {}

    /// True once the client has sent a whole close frame.
    package var clientHasClosed: Bool { client.isClosed }
    /// True once the server has sent a whole close frame.
    package var serverHasClosed: Bool { server.isClosed }
    /// True when a direction is not, or no longer, readable: the usage may be more than what was seen.
    package var isBroken: Bool { client.isBroken || server.isBroken }

    /// Reads bytes from the client.
    package mutating func read(client bytes: UnsafeRawBufferPointer) {
        var offset = 0
        while let part = client.next(bytes, from: &offset) {
            guard case .message(let range, let mask, let isLast) = part else { continue }
            let piece = UnsafeRawBufferPointer(rebasing: bytes[range])
            guard let mask else {
                meter.consume(clientMessage: piece, final: isLast)
                continue
            }
            Self.unmask(piece, mask, isLast) { meter.consume(clientMessage: $0, final: $1) }
        }
    }

    /// Reads bytes from the server and returns the offset at which its close frame begins, if it begins among them.
    package mutating func read(server bytes: UnsafeRawBufferPointer) -> Int? {
        var offset = 0
        var closeStart: Int?
        while let part = server.next(bytes, from: &offset) {
            switch part {
            case .message(let range, let mask, let isLast):
                let piece = UnsafeRawBufferPointer(rebasing: bytes[range])
                if let mask {
                    Self.unmask(piece, mask, isLast) { meter.consume(serverMessage: $0, final: $1) }
                } else {
                    meter.consume(serverMessage: piece, final: isLast)
                }
            case .closeStart(let start): closeStart = start
            case .closeEnd(let code): serverCode = code
            }
        }
        return closeStart
    }

    /// Ends the reading and says what was learnt.
    package consuming func finish() -> SessionFacts {
        let isBroken = isBroken
        var facts = meter.finish()
        if isBroken {
            facts.answer.unreadable = true
            facts.answer.usage.complete = false
        }
        return facts
    }

    private static func unmask(
        _ masked: UnsafeRawBufferPointer,
        _ mask: FrameMask,
        _ isLast: Bool,
        _ body: (UnsafeRawBufferPointer, Bool) -> Void
    ) {
        withUnsafeTemporaryAllocation(byteCount: pieceLength, alignment: 8) { room in
            var start = 0
            repeat {
                let end = min(start + room.count, masked.count)
                let piece = UnsafeRawBufferPointer(rebasing: masked[start..<end])
                mask.unmask(piece, into: room)
                body(UnsafeRawBufferPointer(room).prefix(piece.count), isLast && end == masked.count)
                start = end
            } while start < masked.count
        }
    }
}
