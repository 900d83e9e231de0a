import Accounting
import Testing

@Suite struct MoneyTests {
    /// One amount is written just as the same sum is.
    @Test(arguments: [
        0, 1, -1, 10, 999_999_999_999, 1_000_000_000_000, 1_000_000_000_001, 1_500_000_000_000, -12_500_000_000_000,
        1_972_500_000, 100_000_000_000, 123_456_789_012_345, Int64.max, Int64.min,
    ])
    func dollarsAreExact(picodollars: Int64) {
        #expect(
            Money(picodollars: picodollars).dollars == MoneyTotal(picodollars: Int128(picodollars)).dollars
        )
    }

    @Test(
        arguments: [1_972_500_000: "0.0019725", -12_500_000_000_000: "-12.5", 1: "0.000000000001"] as [Int64: String]
    )
    func dollarsHaveNoTrailingZeros(picodollars: Int64, text: String) {
        #expect(Money(picodollars: picodollars).dollars == text)
    }
}
