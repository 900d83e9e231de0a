extension PriceBook {
    /// The list prices that come with the program.
    public static let builtIn = PriceBook.empty
}
