import HTTP
import Metering

/// Both directions of a websocket, whole and in pieces.
///
/// The first byte chooses the pieces; then follow blocks: a byte for the side, two for the length, the bytes.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzFrames(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 4, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    var blocks: [(isClient: Bool, bytes: [UInt8])] = []
    var index = 1
    while index + 3 <= input.count {
        let length = Int(input[index + 1]) << 8 | Int(input[index + 2])
        let end = min(input.count, index + 3 + length)
        blocks.append((input[index] & 1 == 0, Array(input[(index + 3)..<end])))
        index = end
    }
    let whole = read(blocks, piece: .max)
    precondition(read(blocks, piece: 1) == whole, "byte by byte is not the whole")
    precondition(read(blocks, piece: 1 + Int(input[0]) % 32) == whole, "the pieces are not the whole")
    return 0
}

private func read(_ blocks: [(isClient: Bool, bytes: [UInt8])], piece: Int) -> SessionFacts {
    var reader = SessionReader()
    for (isClient, bytes) in blocks {
        var index = 0
        while index < bytes.count {
            let end = piece >= bytes.count - index ? bytes.count : index + piece
            Array(bytes[index..<end]).withUnsafeBytes { part in
                if isClient {
                    reader.read(client: part)
                } else if let close = reader.read(server: part) {
                    precondition(close >= 0 && close < part.count)
                }
            }
            index = end
        }
    }
    return reader.finish()
}
