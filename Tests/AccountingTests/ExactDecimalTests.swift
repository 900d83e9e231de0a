import Accounting
import Testing

@Suite struct ExactDecimalTests {
    @Test(
        arguments: [
            (0, 0, "0"), (0, 5, "0"), (5, 0, "5"), (5, 1, "0.5"), (50, 1, "5"), (1_000_000_007, 9, "1.000000007"),
            (UInt128(UInt64.max), 3, "18446744073709551.615"),
            (UInt128.max, 20, "3402823669209384634.63374607431768211455"),
        ] as [(UInt128, Int, String)]
    )
    func textIsExact(value: UInt128, scale: Int, text: String) {
        #expect(ExactDecimal(value, scale: scale).text == text)
    }

    @Test func productsAreExact() {
        let nines = ExactDecimal(999_999_999_999_999_999, scale: 12)
        #expect((nines * nines).text == "999999999999.999998000000000000000001")
        #expect((ExactDecimal(0, scale: 4) * nines).text == "0")
        #expect((ExactDecimal(25, scale: 7) * ExactDecimal(4, scale: 1)).text == "0.000001")
        var power = ExactDecimal(1)
        for _ in 0..<40 { power = power * ExactDecimal(UInt128(UInt64.max)) }
        #expect(power.text.hasPrefix("43330"))
        #expect(power.text.utf8.count == 771)
    }

    @Test func productsAgreeWithWideIntegers() {
        var state: UInt64 = 1
        for _ in 0..<500 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let (left, right) = (UInt128(state >> 7), UInt128(state & 0xffff_ffff))
            #expect((ExactDecimal(left) * ExactDecimal(right)).text == String(left * right))
        }
    }
}
