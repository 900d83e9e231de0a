internal import Accounting
internal import Events

/// One charge of a request: a unit that was counted, at its price. The rows of a FOCUS export are made of them.
struct FocusCharge: Equatable {
    /// What was counted; nil for a request whose cost cannot be taken apart.
    var unit: UsageUnit?
    /// The model that did the work.
    var model: String
    /// The count as it was used.
    var consumed: Int64
    /// The count as it is charged, in the unit of the price.
    var quantity: ExactDecimal
    /// The price by the book; nil when none is known.
    var listPrice: ExactDecimal?
    /// The price with the factors of the group and the client.
    var contractedPrice: ExactDecimal?
    /// The share in what the request was charged.
    var charged: Money
    /// The row of the price book.
    var row: UInt32?
    /// The unit whose price was taken.
    var pricedAs: UsageUnit?

    /// Price × quantity; what was charged where no price is known.
    var listCost: String { listPrice.map { ($0 * quantity).text } ?? charged.dollars }
    /// The same with the factors.
    var contractedCost: String { contractedPrice.map { ($0 * quantity).text } ?? charged.dollars }

    /// The charges of a request; together they are what it was charged, to the picodollar.
    ///
    /// - Parameter pricer: the book that the request was charged by; nil when it is not known.
    static func charges(of event: RequestCompleted, by pricer: Pricer?) -> [FocusCharge] {
        let model = event.modelReported ?? event.modelSent ?? event.modelRequested ?? ""
        let query = PriceQuery(
            provider: event.provider,
            modelReported: event.modelReported,
            modelSent: event.modelSent ?? event.modelRequested,
            time: event.time,
            group: event.group,
            client: event.client
        )
        let quote = (pricer ?? Pricer(book: .empty, revision: 0)).lines(of: event.usage, for: query)
        switch event.cost.state {
        case .none: return []
        case .unpriced: return quote.lines.map { FocusCharge($0, event, model, [], isPriced: false) }
        case .priced, .free:
            // A book that has been lost, or was matched under an alias that the event does not tell.
            guard quote.cost.state == event.cost.state, quote.cost.amount == event.cost.amount else {
                return [FocusCharge(whole: event, model)]
            }
            let multipliers = pricer?.multipliers(for: query) ?? []
            var charges = quote.lines.map { FocusCharge($0, event, model, multipliers, isPriced: true) }
            share(event.cost.amount, over: quote.lines, multipliers, &charges)
            return charges
        }
    }

    private init(
        _ line: Quote.Line,
        _ event: RequestCompleted,
        _ model: String,
        _ factors: [Multiplier],
        isPriced: Bool
    ) {
        unit = line.unit
        self.model = line.model ?? model
        let own = line.model == nil && event.usage.additional.allSatisfy { $0.model != nil }
        consumed = own ? event.usage.counts[line.unit] ?? line.count : line.count
        row = isPriced ? line.row : nil
        pricedAs = isPriced ? line.pricedAs : nil
        charged = .zero
        let scale: Int
        switch line.unit.priceQuantity {
        case .perMillion: scale = Rate.scale + 6
        case .perUse, .perHour: scale = Rate.scale
        }
        if line.unit.priceQuantity == .perHour {
            let hours = FocusCharge.hours(line.count)
            quantity = ExactDecimal(hours, scale: 12)
        } else {
            quantity = ExactDecimal(UInt128(line.count.magnitude))
        }
        guard isPriced, let rate = line.rate else { return }
        let list = ExactDecimal(UInt128(rate.mantissa.magnitude), scale: scale)
        listPrice = list
        contractedPrice = factors.reduce(list) {
            $0 * ExactDecimal(UInt128($1.mantissa.magnitude), scale: Multiplier.scale)
        }
    }

    /// Hours to 12 digits after the point, half to even: most numbers of milliseconds are no finite decimal of hours.
    private static func hours(_ milliseconds: Int64) -> UInt128 {
        let (quotient, rest) = (UInt128(milliseconds.magnitude) * 1_000_000_000_000).quotientAndRemainder(
            dividingBy: 3_600_000
        )
        return quotient + (rest > 1_800_000 || (rest == 1_800_000 && quotient & 1 == 1) ? 1 : 0)
    }

    private init(whole event: RequestCompleted, _ model: String) {
        self.model = model
        consumed = 1
        quantity = ExactDecimal(1)
        charged = event.cost.amount
        row = event.cost.row
    }

    /// Gives each charge its part of the amount, which was rounded once for all: whole picodollars, and those that are
    /// left over to the charges of which most was cut off.
    private static func share(
        _ amount: Money,
        over lines: [Quote.Line],
        _ multipliers: [Multiplier],
        _ charges: inout [FocusCharge]
    ) {
        guard !charges.isEmpty else { return }
        var left = amount.picodollars
        var cut: [(index: Int, rest: UInt128, divisor: UInt128)] = []
        for (index, line) in lines.enumerated() {
            guard let exact = exact(line, multipliers) else { continue }
            let (whole, rest) = exact.dividend.quotientAndRemainder(dividingBy: exact.divisor)
            let part = min(Int64(clamping: whole), max(left, 0))
            charges[index].charged = Money(picodollars: part)
            left -= part
            cut.append((index, rest, exact.divisor))
        }
        cut.sort { $0.rest * $1.divisor > $1.rest * $0.divisor }
        for (index, _, _) in cut where left > 0 {
            charges[index].charged.picodollars += 1
            left -= 1
        }
        charges[cut.first?.index ?? 0].charged.picodollars += left
    }

    /// A line's exact cost in picodollars, as a fraction; nil when it has no price or is too big to be one line's.
    private static func exact(_ line: Quote.Line, _ multipliers: [Multiplier]) -> (dividend: UInt128, divisor: UInt128)?
    {
        guard let rate = line.rate else { return nil }
        var dividend = UInt128(line.count.magnitude)
        var divisor: UInt128
        switch line.unit.priceQuantity {
        case .perMillion: divisor = 1_000_000
        case .perUse: divisor = 1
        case .perHour: divisor = 3_600_000
        }
        for factor in [rate.mantissa] + multipliers.map(\.mantissa) {
            let (product, overflow) = dividend.multipliedReportingOverflow(by: UInt128(factor.magnitude))
            guard !overflow else { return nil }
            dividend = product
        }
        for _ in multipliers { divisor *= 10_000 }
        return (dividend, divisor)
    }
}
