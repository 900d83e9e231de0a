import Accounting
import Metering

/// A raw usage object, or an array of them, read again; the first byte chooses the dialect.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzUsage(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    guard count > 0, let start else { return 0 }
    var stored = Usage()
    stored.raw = Array(UnsafeBufferPointer(start: start + 1, count: count - 1))
    let dialect = Dialect(rawValue: start[0] % 7) ?? .auto
    func read(_ usage: Usage) -> Usage? {
        UsageNormaliser.normalise(usage, dialect: dialect, operation: .chat, model: start[0] >= 128 ? "gemini-x" : nil)
    }
    guard let usage = read(stored) else { return 0 }
    usage.counts.forEach { _, count in precondition(count >= 0) }
    precondition(read(usage) == usage, "reading twice is not reading once")
    return 0
}
