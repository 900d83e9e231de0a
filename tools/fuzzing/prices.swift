import Accounting
import Settings

/// The YAML of a price book: what is accepted is written out and read back the same.
@_cdecl("LLVMFuzzerTestOneInput")
func fuzzPrices(_ start: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
    let text = String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self)
    do {
        let book = try PriceBookFile.load(text: text, name: "fuzz")
        let again = try? PriceBookFile.load(text: PriceBookFile.render(book), name: "again")
        precondition(again == book, "a book that was written out is another")
    } catch {
        precondition(!"\(error)".isEmpty)
    }
    return 0
}
