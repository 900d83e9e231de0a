/// Sums the cells of a cube into the rows of a report.
///
/// There may be millions of cells, but only thousands of combinations of labels and of times: the words of each are made
/// once, and a cell finds its row by two numbers.
struct ReportRows {
    /// The columns and conditions that are no times.
    let things: ReportQuery
    /// The columns and conditions that are times.
    let times: ReportQuery
    private let by: [ReportQuery.Column]
    private var thingNumbers = Numbers()
    private var timeNumbers = Numbers()
    private var lastTime: (bucket: Int64, number: Int32)?
    private var slots: [UInt64: Int] = [:]
    private var keys: [UInt64] = []
    private var sums: [Sums] = []

    init(_ query: ReportQuery) {
        by = query.by
        things = query.part { !$0.isTime }
        times = query.part { $0.isTime }
    }

    /// Numbers for the words behind keys; the same words have the same number.
    private struct Numbers {
        private(set) var words: [[String]] = []
        private var known: [Int64: Int32] = [:]
        private var index: [[String]: Int32] = [:]

        /// -1 for what is left out.
        mutating func number(_ key: Int64, _ make: () -> [String]?) -> Int32 {
            if let number = known[key] { return number }
            var number: Int32 = -1
            if let words = make() {
                number = index[words] ?? Int32(truncatingIfNeeded: self.words.count)
                if index.updateValue(number, forKey: words) == nil { self.words.append(words) }
            }
            known[key] = number
            return number
        }
    }

    /// The number of the labels of a dimension; nil when it is left out.
    mutating func thing(_ dimension: Int, _ make: () -> [String]?) -> Int32? {
        let number = thingNumbers.number(Int64(dimension), make)
        return number < 0 ? nil : number
    }

    /// The number of the times of a bucket; nil when it is left out.
    mutating func time(_ bucket: Int64, _ make: () -> [String]?) -> Int32? {
        // Cells stand about in the order of their time.
        if let lastTime, lastTime.bucket == bucket { return lastTime.number < 0 ? nil : lastTime.number }
        let number = timeNumbers.number(bucket, make)
        lastTime = (bucket, number)
        return number < 0 ? nil : number
    }

    mutating func add(_ cell: Sums, thing: Int32, time: Int32) {
        let key = UInt64(UInt32(bitPattern: thing)) << 32 | UInt64(UInt32(bitPattern: time))
        if let slot = slots[key] {
            sums[slot] += cell
        } else {
            slots[key] = sums.count
            keys.append(key)
            sums.append(cell)
        }
    }

    /// The rows, in no order that means something.
    var rows: [Report.Row] {
        zip(keys, sums).map { key, sums in
            var things = thingNumbers.words[Int(key >> 32)][...]
            var times = timeNumbers.words[Int(key & 0xffff_ffff)][...]
            let words = by.map { ($0.isTime ? times.popFirst() : things.popFirst()) ?? "" }
            return Report.Row(key: words, sums: sums)
        }
    }
}

extension ReportQuery {
    /// The part of a question that is about some columns.
    fileprivate func part(_ isMeant: (Column) -> Bool) -> ReportQuery {
        var part = self
        part.by = by.filter(isMeant)
        part.filters = filters.filter { isMeant($0.column) }
        return part
    }
}
