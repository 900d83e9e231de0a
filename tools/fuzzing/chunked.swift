import HTTP
import NIOCore

/// Chunked bodies, whole and in pieces; the first byte chooses the pieces.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzChunked(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let bytes = Array(input[1...])
    let whole = read(bytes, piece: .max)
    precondition(read(bytes, piece: 1) == whole, "byte by byte is not the whole")
    precondition(read(bytes, piece: 1 + Int(input[0]) % 32) == whole, "the pieces are not the whole")
    return 0
}

private struct Reading: Equatable {
    var body: [UInt8] = []
    var isEnded = false
    var isMalformed = false
    var rest: [UInt8] = []
}

private func read(_ bytes: [UInt8], piece: Int) -> Reading {
    var decoder = BodyDecoder(.chunked)
    var buffer = ByteBuffer()
    var reading = Reading()
    var index = 0
    while index < bytes.count {
        let end = piece >= bytes.count - index ? bytes.count : index + piece
        buffer.writeBytes(bytes[index..<end])
        index = end
        pieces: while true {
            switch decoder.next(&buffer) {
            case .data(let data): reading.body += data.readableBytesView
            case .needsMore: break pieces
            case .malformed:
                reading.isMalformed = true
                return reading
            case .end:
                reading.isEnded = true
                // What follows is the next message's, in full.
                reading.rest = Array(buffer.readableBytesView) + bytes[index...]
                return reading
            }
        }
    }
    return reading
}
