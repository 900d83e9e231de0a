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
    public static var builtInHash: String { "a03865a9f57accaed258c32c289595491574442319fad35d21cf0d4f5798d964" }

    /// Where the built-in prices come from, and of which day they are.
    public static var builtInOrigin: String { "\(BuiltInPrices.origin), \(BuiltInPrices.date)" }
}
