import Accounting
import Events

/// A record of the ledger: what is accepted is stored again the same, every form of it can be written, and the quick way to
/// write its line gives the line of the event.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzEvent(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let record = Array(UnsafeBufferPointer(start: start, count: count))
    let line = try? EventJSON.render(record: record, sequence: 1)
    var quick = CompletedJSON()
    var json = JSONText()
    if record.withUnsafeBytes({ quick.append($0, sequence: 1, to: &json) }) {
        precondition(json.bytes == line, "the quick way writes another line")
    }
    guard let event = try? EventCodec.decode(record) else { return 0 }
    let again = EventCodec.encode(event)
    precondition((try? EventCodec.decode(again)) == event, "an event that was stored again is another")
    precondition(line?.isEmpty == false)
    if case .requestCompleted(let completed) = event { precondition(!EventCSV.row(completed, sequence: 1).isEmpty) }
    return 0
}
