import Views

/// An export that is verified: whatever stands in it is refused or accepted in bounded time.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzExport(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let input = Array(UnsafeBufferPointer(start: start, count: count))
    _ = JSONNode(input)
    var position = 0
    _ = try? ExportAudit.verify(
        key: nil,
        workers: 1,
        read: { buffer in
            let count = min(buffer.count, input.count - position)
            input[position..<(position + count)].withUnsafeBytes { buffer.copyMemory(from: $0) }
            position += count
            return count
        },
        progress: { _ in }
    )
    return 0
}
