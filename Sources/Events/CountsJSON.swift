internal import Accounting

/// Renders counts by unit as they stand in a record, without asking for each of the units that are not there.
struct CountsJSON: Sendable {
    private static let names = ShortTexts(UsageUnit.allCases.map { Array(",\"\($0.name)\":".utf8) })
    private static let input = mask { $0.side == .input }
    private static let output = mask { $0.side == .output }
    private static let tool = mask { $0 == .inputTool }

    /// `,"name":` of each unit.
    private let names = Self.names
    /// The units that a total of the input has.
    private let input = Self.input
    private let output = Self.output
    /// What stands with the input without being part of its total.
    private let tool = Self.tool

    private static func mask(_ isPart: (UsageUnit) -> Bool) -> UInt32 {
        UsageUnit.allCases.reduce(0) { isPart($1) ? $0 | 1 << UInt32($1.rawValue) : $0 }
    }

    /// Adds the counts behind `"input":{"total":`, up to the brace behind the other units.
    ///
    /// - Parameter counts: by unit, for every unit in `mask`.
    func write(_ mask: UInt32, _ counts: UnsafeBufferPointer<Int64>, _ json: inout JSONText) {
        write(total: mask & input, counts, &json)
        write(units: mask & (input | tool), counts, &json)
        json.put("},\"output\":{\"total\":")
        write(total: mask & output, counts, &json)
        write(units: mask & output, counts, &json)
        let others = mask & ~(input | tool | output)
        guard others != 0 else { return json.put("},\"units\":{}") }
        json.put("},\"units\":")
        let start = json.count
        write(units: others, counts, &json)
        // In place of the comma before the first.
        json.replace(at: start, with: 0x7b)
        json.put("}")
    }

    private func write(units mask: UInt32, _ counts: UnsafeBufferPointer<Int64>, _ json: inout JSONText) {
        var bits = mask
        while bits != 0 {
            let unit = bits.trailingZeroBitCount
            json.advance(names.copy(unit, to: json.room(ShortTexts.slot)))
            json.digits(counts[unit])
            bits &= bits &- 1
        }
    }

    /// The saturating sum; null of nothing.
    private func write(total mask: UInt32, _ counts: UnsafeBufferPointer<Int64>, _ json: inout JSONText) {
        guard mask != 0 else { return json.put("null") }
        var total: Int64 = 0
        var bits = mask
        while bits != 0 {
            let (sum, overflow) = total.addingReportingOverflow(counts[bits.trailingZeroBitCount])
            total = overflow ? .max : sum
            bits &= bits &- 1
        }
        json.digits(total)
    }
}
