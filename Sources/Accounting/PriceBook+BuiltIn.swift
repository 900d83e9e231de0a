extension PriceBook {
    /// The list prices that come with the program, as of ``BuiltInPrices/date``; parsed at each use.
    ///
    /// Should the embedded text be faulty, this is the empty book, by which everything is unpriced; a test loads it.
    /// Nothing keeps it: the pricer in force has its own compact form.
    public static var builtIn: PriceBook { (try? loadBuiltIn()) ?? .empty }

    /// Parses the embedded text.
    package static func loadBuiltIn() throws(PriceBookError) -> PriceBook { try PriceText.parse(BuiltInPrices.text) }

    /// SHA-256 of the built-in book in its encoded form, in hexadecimal: tells whether it is in force without parsing it.
    ///
    /// A test compares it with the book; it changes with every import.
    public static var builtInHash: String { "41dc157bc2a2a06eb0a9b4711709f1ee94de5b743e6205fb5000e1b715bac388" }

    /// Where the built-in prices come from, and of which day they are.
    public static var builtInOrigin: String { "\(BuiltInPrices.origin), \(BuiltInPrices.date)" }
}
