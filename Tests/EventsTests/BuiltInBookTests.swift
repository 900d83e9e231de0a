import Accounting
import Events
import Testing

@Suite struct BuiltInBookTests {
    /// A failure here after an import says which hash to put down.
    @Test func theHashIsThatOfTheBook() throws {
        #expect(hexText(SHA256.hash(PriceBook.builtIn.encode())) == PriceBook.builtInHash)
    }
}
