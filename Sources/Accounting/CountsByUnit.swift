/// Counts that lie in a buffer of 32, by the raw value of their unit: how a fold over millions of events has them.
///
/// A view: it must not outlive the buffer. Counts whose bit is not set are not looked at.
package struct CountsByUnit {
    /// Bit `n` is set when the unit with raw value `n` was counted.
    package let mask: UInt32
    /// The counts; those of counted units are not negative.
    package let values: UnsafeBufferPointer<Int64>

    /// A view of a buffer; nothing is counted where the buffer is too short or a bit names no unit.
    @inline(__always)
    package init(mask: UInt32, values: UnsafeBufferPointer<Int64>) {
        self.mask = values.count >= 32 && mask >> UInt32(UsageUnit.allCases.count) == 0 ? mask : 0
        self.values = values
    }

    /// The whole input, saturating.
    var input: Int64 {
        var total: Int64 = 0
        var bits = mask & UnitSet.input
        while bits != 0 {
            let (sum, overflow) = total.addingReportingOverflow(max(0, values[bits.trailingZeroBitCount]))
            total = overflow ? .max : sum
            bits &= bits &- 1
        }
        return total
    }

    /// Whether anything but the marker of tool input was used.
    var isUsed: Bool {
        var bits = mask & ~UnitSet.bit(.inputTool)
        while bits != 0 {
            if values[bits.trailingZeroBitCount] > 0 { return true }
            bits &= bits &- 1
        }
        return false
    }
}

extension UsageCounts {
    /// Lends the counts as they lie in a buffer by unit.
    func withCountsByUnit<Result>(_ body: (CountsByUnit) -> Result) -> Result {
        withUnsafeTemporaryAllocation(of: Int64.self, capacity: 32) { buffer in
            buffer.initialize(repeating: 0)
            forEach { unit, count in buffer[Int(unit.rawValue)] = count }
            return body(CountsByUnit(mask: mask, values: UnsafeBufferPointer(buffer)))
        }
    }
}
