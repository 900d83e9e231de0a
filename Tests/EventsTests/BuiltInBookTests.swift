import Accounting
import Events
import Testing

@Suite struct BuiltInBookTests {
    /// A failure here after an import says which hash to put down.
    @Test func theHashIsThatOfTheBook() throws {
        #expect(hexText(SHA256.hash(PriceBook.builtIn.encode())) == PriceBook.builtInHash)
    }

    /// It is read from the ledger without being checked anew.
    @Test func theBookInTheLedgerIsTheBook() throws {
        let book = PriceBook.builtIn
        let event = Event.priceBookAdopted(
            PriceBookAdopted(time: 1, revision: 1, hash: SHA256.hash(book.encode()), origin: "built-in", book: book)
        )
        #expect(try EventCodec.decode(EventCodec.encode(event)) == event)
    }
}
