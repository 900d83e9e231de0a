/// What a request cost, or why that cannot be said.
public struct Cost: Equatable, Sendable {
    /// Whether an amount is known. Raw values are stored in events: never renumber them.
    public enum State: UInt8, Sendable, CaseIterable {
        /// There was nothing to bill.
        case none = 0
        /// A price was known and is above zero.
        case priced = 1
        /// The price is known to be zero.
        case free = 2
        /// No price was known; the amount is unknown, which is not zero.
        case unpriced = 3

        /// The name in the JSON form.
        public var name: String {
            switch self {
            case .none: "none"
            case .priced: "priced"
            case .free: "free"
            case .unpriced: "unpriced"
            }
        }
    }

    /// Whether an amount is known.
    public var state: State
    /// The amount; zero unless `state` is ``State/priced``.
    public var amount: Money
    /// The revision of the price book that gave the amount (1 is the first that was adopted); 0 when none was asked.
    public var priceBook: UInt32
    /// The index of the row in that book that gave the price; nil when none did.
    public var row: UInt32?

    /// A cost.
    public init(state: State, amount: Money = .zero, priceBook: UInt32 = 0, row: UInt32? = nil) {
        self.state = state
        self.amount = amount
        self.priceBook = priceBook
        self.row = row
    }
}
