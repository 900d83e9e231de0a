import Accounting
import Metering

/// The messages of a websocket session, one a line, whole and in pieces; the first byte of a line names its side.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzSession(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 1, let start else { return 0 }
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    let lines = input.dropFirst().split(separator: 0x0A, omittingEmptySubsequences: true)
    let whole = read(lines, piece: .max)
    let pieces = read(lines, piece: 1 + Int(input[0]) % 16)
    precondition(whole == pieces, "the pieces changed the session: \(whole) is not \(pieces)")
    whole.answer.usage.counts.forEach { _, count in precondition(count >= 0) }
    precondition(whole.answer.usage.raw.count <= Usage.rawLimit)
    return 0
}

private func read(_ lines: [ArraySlice<UInt8>], piece: Int) -> SessionFacts {
    var meter = SessionMeter()
    for line in lines {
        let isClient = line.first == UInt8(ascii: "c")
        let message = Array(line.dropFirst())
        var index = 0
        repeat {
            let end = piece >= message.count - index ? message.count : index + piece
            Array(message[index..<end]).withUnsafeBytes { bytes in
                if isClient {
                    meter.consume(clientMessage: bytes, final: end == message.count)
                } else {
                    meter.consume(serverMessage: bytes, final: end == message.count)
                }
            }
            index = end
        } while index < message.count
    }
    return meter.finish()
}
