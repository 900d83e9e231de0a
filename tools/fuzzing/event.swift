import Accounting
import Events

/// A record of the ledger: what is accepted is stored again the same, and every form of it can be written.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzEvent(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let record = Array(UnsafeBufferPointer(start: start, count: count))
    guard let event = try? EventCodec.decode(record) else { return 0 }
    let again = EventCodec.encode(event)
    precondition((try? EventCodec.decode(again)) == event, "an event that was stored again is another")
    precondition(!EventJSON.render(event, sequence: 1).isEmpty)
    if case .requestCompleted(let completed) = event { precondition(!EventCSV.row(completed, sequence: 1).isEmpty) }
    return 0
}
