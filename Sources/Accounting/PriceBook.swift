/// Everything that decides what a usage costs: rows of prices, and factors per group and client.
///
/// A value is always valid: rows are checked when it is made. Its binary form is canonical, so equal books have equal
/// bytes, whose hash identifies the book.
public struct PriceBook: Hashable, Sendable {
    /// The rows, in the order of their file. A ``Cost/row`` is an index into them.
    public let rows: [PriceRow]
    /// Providers whose rows are used for a model that a provider has no row of its own for, in order.
    public let fallbacks: [String: [String]]
    /// Factors on the cost of requests through a group.
    public let groupMultipliers: [String: Multiplier]
    /// Factors on the cost of requests of a client.
    public let clientMultipliers: [String: Multiplier]

    /// A book without prices, by which everything is unpriced.
    public static let empty = PriceBook()

    private init() {
        rows = []
        fallbacks = [:]
        groupMultipliers = [:]
        clientMultipliers = [:]
    }

    /// A book.
    ///
    /// - Throws: `PriceBookError` that names the row, when two rows are for the same thing, tiers do not ascend, a name
    ///   is empty or too long, a row has no price, or there are too many.
    public init(
        rows: [PriceRow],
        fallbacks: [String: [String]] = [:],
        groupMultipliers: [String: Multiplier] = [:],
        clientMultipliers: [String: Multiplier] = [:]
    ) throws(PriceBookError) {
        self.rows = rows
        self.fallbacks = fallbacks
        self.groupMultipliers = groupMultipliers
        self.clientMultipliers = clientMultipliers
        try validate()
    }

    /// A book that is known to be valid.
    init(
        valid rows: [PriceRow],
        _ fallbacks: [String: [String]],
        _ groupMultipliers: [String: Multiplier],
        _ clientMultipliers: [String: Multiplier]
    ) {
        self.rows = rows
        self.fallbacks = fallbacks
        self.groupMultipliers = groupMultipliers
        self.clientMultipliers = clientMultipliers
    }

    /// The same book with other factors per client.
    ///
    /// - Throws: `PriceBookError` when a name is empty or too long, or there are too many.
    public func with(clientMultipliers: [String: Multiplier]) throws(PriceBookError) -> PriceBook {
        try PriceBook(
            rows: rows,
            fallbacks: fallbacks,
            groupMultipliers: groupMultipliers,
            clientMultipliers: clientMultipliers
        )
    }
}
