import Accounting
import Events

/// A bill beside the ledger: where they differ, by day and model, and by how much.
public struct Reconciliation: Equatable, Sendable {
    /// How much may differ before it is called a difference.
    public struct Tolerance: Equatable, Sendable {
        /// The share of the larger of the two figures, in millionths.
        public var millionths: Int64

        /// Nothing may differ.
        public static let none = Tolerance(millionths: 0)

        /// A share in millionths.
        public init(millionths: Int64) { self.millionths = millionths }

        /// A share in percent, such as `0.5` or `0.5%`, with at most four digits behind the point.
        public init(percent text: String) throws(ViewError) {
            let number = text.hasSuffix("%") ? String(text.dropLast()) : text
            guard let value = ScientificDecimal(number)?.scaled(by: 4), value.isExact, value.mantissa <= 1_000_000
            else {
                throw ViewError(.badQuestion, "`\(text.prefix(40))` is no share; write a percentage such as 0.5%")
            }
            millionths = value.mantissa
        }

        func allows(_ bill: Int128, _ ledger: Int128) -> Bool {
            let difference = (ledger - bill).magnitude
            guard difference > 0 else { return true }
            let (scaled, overflow) = difference.multipliedReportingOverflow(by: 1_000_000)
            let larger = max(bill.magnitude, ledger.magnitude)
            let (allowed, tooMuch) = larger.multipliedReportingOverflow(by: UInt128(millionths.magnitude))
            return !overflow && !tooMuch && scaled <= allowed
        }
    }

    /// Which money of the ledger is compared.
    public enum Money: String, Sendable, CaseIterable {
        /// What was charged when it happened, multipliers included.
        case charged
        /// What the newest book asks, without the multipliers of groups and clients.
        case list
    }

    /// How the two sides of a line stand to each other.
    public enum Status: String, Sendable {
        case agrees, differs
        case onlyOnBill = "only_on_bill"
        case onlyInLedger = "only_in_ledger"
    }

    /// One day and model.
    public struct Row: Equatable, Sendable {
        /// The day and the model.
        public var key: Bill.Key
        /// What the bill says.
        public var bill: Bill.Figures
        /// What the ledger says.
        public var ledger: Bill.Figures
        /// Whether they agree.
        public var status: Status
        /// The figures that differ by more than the tolerance.
        public var differing: [Bill.Figure]
        /// Requests in the ledger that had no price.
        public var unpriced: UInt64
    }

    /// Where the bill came from.
    public var form: Bill.Form
    /// The figures that the bill states, which are those that are compared.
    public var figures: [Bill.Figure]
    /// By day, then by model.
    public var rows: [Row]
    /// The sums.
    public var total: Row
    /// The tolerance.
    public var tolerance: Tolerance
    /// The money of the ledger.
    public var money: Money

    /// True when nothing differs by more than the tolerance.
    public var agrees: Bool { rows.allSatisfy { $0.status == .agrees } }

    /// Compares a bill with the ledger; what the ledger holds beyond the days of the bill must have been left out.
    public init(_ bill: Bill, with usage: DailyUsage, tolerance: Tolerance = .none, money: Money = .charged) {
        form = bill.form
        figures = bill.figures
        self.tolerance = tolerance
        self.money = money
        var ledger: [Bill.Key: (figures: Bill.Figures, unpriced: UInt64)] = [:]
        for (key, row) in usage.rows {
            let plain = Bill.plainName(key.model)
            let model = !bill.hasModels ? "" : plain.isEmpty ? "unknown" : plain
            var figures = row.figures
            if money == .list { figures[.cost] = row.list.picodollars }
            let place = Bill.Key(day: key.day, model: model)
            ledger[place, default: (Bill.Figures(), 0)].figures += figures
            ledger[place, default: (Bill.Figures(), 0)].unpriced &+= row.unpriced
        }
        rows = []
        var sums = (bill: Bill.Figures(), ledger: Bill.Figures(), unpriced: UInt64(0))
        for key in Set(bill.lines.keys).union(ledger.keys).sorted() {
            let mine = ledger[key] ?? (Bill.Figures(), 0)
            let theirs = bill.lines[key] ?? Bill.Figures()
            let row = Self.row(key, theirs, mine.figures, mine.unpriced, bill.figures, tolerance)
            if row.unpriced > 0 || bill.figures.contains(where: { theirs[$0] != 0 || mine.figures[$0] != 0 }) {
                rows.append(row)
            }
            sums.bill += theirs
            sums.ledger += mine.figures
            sums.unpriced &+= mine.unpriced
        }
        let nowhere = Bill.Key(day: 0, model: "total")
        total = Self.row(nowhere, sums.bill, sums.ledger, sums.unpriced, bill.figures, tolerance)
    }

    private static func row(
        _ key: Bill.Key,
        _ bill: Bill.Figures,
        _ ledger: Bill.Figures,
        _ unpriced: UInt64,
        _ figures: [Bill.Figure],
        _ tolerance: Tolerance
    ) -> Row {
        let differing = figures.filter { figure in
            let isRounding =
                figure == .cost && (ledger[.cost] - bill[.cost]).magnitude <= bill.rounding.picodollars.magnitude
            return !isRounding && !tolerance.allows(bill[figure], ledger[figure])
        }
        let isOnBill = figures.contains { bill[$0] != 0 }
        let isInLedger = figures.contains { ledger[$0] != 0 }
        let status: Status =
            differing.isEmpty ? .agrees : !isInLedger ? .onlyOnBill : !isOnBill ? .onlyInLedger : .differs
        return Row(
            key: key,
            bill: bill,
            ledger: ledger,
            status: status,
            differing: differing,
            unpriced: unpriced
        )
    }
}
