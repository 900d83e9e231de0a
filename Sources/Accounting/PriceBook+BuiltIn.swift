extension PriceBook {
    /// The list prices that come with the program, as of ``BuiltInPrices/date``; parsed at each use.
    ///
    /// Should the embedded text be faulty, this is the empty book, by which everything is unpriced; a test loads it.
    /// Nothing keeps it: the pricer in force has its own compact form.
    public static var builtIn: PriceBook { (try? loadBuiltIn()) ?? .empty }

    /// Parses the embedded text.
    package static func loadBuiltIn() throws(PriceBookError) -> PriceBook { try PriceText.parse(BuiltInPrices.text) }

    /// Where the built-in prices come from, and of which day they are.
    public static var builtInOrigin: String { "\(BuiltInPrices.origin), \(BuiltInPrices.date)" }
}
