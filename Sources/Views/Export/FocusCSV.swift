internal import Accounting
internal import Events

/// Charges as rows of FOCUS 1.2, the FinOps Open Cost and Usage Specification; <https://focus.finops.org>.
///
/// All 57 columns of its version 1.2 in the order of their names, then our own, which begin with `x_`. One row for each
/// unit of each request that ended; the charge period is the hour in which the request started. Empty is null.
enum FocusCSV {
    private static let columns = [
        "AvailabilityZone", "BilledCost", "BillingAccountId", "BillingAccountName", "BillingAccountType",
        "BillingCurrency", "BillingPeriodEnd", "BillingPeriodStart", "CapacityReservationId",
        "CapacityReservationStatus", "ChargeCategory", "ChargeClass", "ChargeDescription", "ChargeFrequency",
        "ChargePeriodEnd", "ChargePeriodStart", "CommitmentDiscountCategory", "CommitmentDiscountId",
        "CommitmentDiscountName", "CommitmentDiscountQuantity", "CommitmentDiscountStatus", "CommitmentDiscountType",
        "CommitmentDiscountUnit", "ConsumedQuantity", "ConsumedUnit", "ContractedCost", "ContractedUnitPrice",
        "EffectiveCost", "InvoiceId", "InvoiceIssuerName", "ListCost", "ListUnitPrice", "PricingCategory",
        "PricingCurrency", "PricingCurrencyContractedUnitPrice", "PricingCurrencyEffectiveCost",
        "PricingCurrencyListUnitPrice", "PricingQuantity", "PricingUnit", "ProviderName", "PublisherName", "RegionId",
        "RegionName", "ResourceId", "ResourceName", "ResourceType", "ServiceCategory", "ServiceName",
        "ServiceSubcategory", "SkuId", "SkuMeter", "SkuPriceDetails", "SkuPriceId", "SubAccountId", "SubAccountName",
        "SubAccountType", "Tags", "x_CostState", "x_Dialect", "x_ModelRequested", "x_Outcome", "x_PriceBookRevision",
        "x_RequestId", "x_RequestTime", "x_Sequence", "x_ServiceTier",
    ]

    /// The first line.
    static let header = Array((columns.joined(separator: ",") + "\r\n").utf8)

    /// What a row is made of.
    private struct Row {
        let event: RequestCompleted
        let sequence: UInt64
        let charge: FocusCharge
        let origin: String
        /// The name of the client; empty where it is not known or not wanted.
        let client: String
    }

    /// The rows of a request; none when there was nothing to bill.
    static func rows(
        _ event: RequestCompleted,
        _ sequence: UInt64,
        pricer: Pricer?,
        origin: String,
        names: ClientNames
    ) -> [UInt8] {
        var text: [UInt8] = []
        for charge in FocusCharge.charges(of: event, by: pricer) {
            let client = names[event.client] ?? ""
            let row = Row(event: event, sequence: sequence, charge: charge, origin: origin, client: client)
            var line = CSVRow()
            writeBilling(row, &line)
            writePricing(row, &line)
            writeService(row, &line)
            writeOwn(row, &line)
            text += line.line
        }
        return text
    }

    /// From `AvailabilityZone` to `EffectiveCost`.
    private static func writeBilling(_ row: Row, _ line: inout CSVRow) {
        let charge = row.charge
        line.exact("")
        line.exact(charge.charged.dollars)
        line.text(row.origin)
        line.text(String(row.origin.prefix { $0 != "/" }))
        line.text("Gateway")
        line.text("USD")
        line.exact(month(row, after: 1))
        line.exact(month(row, after: 0))
        line.exact("")
        line.exact("")
        line.text("Usage")
        line.exact("")
        line.text(description(row))
        line.text("Usage-Based")
        line.exact(hour(row, after: 1))
        line.exact(hour(row, after: 0))
        // No commitment discounts: seven columns.
        for _ in 0..<7 { line.exact("") }
        line.exact(String(charge.consumed))
        line.text(consumedUnit(charge.unit))
        line.exact(charge.contractedCost)
        line.exact(charge.contractedPrice?.text ?? "")
        line.exact(charge.charged.dollars)
    }

    /// From `InvoiceId` to `PricingUnit`.
    private static func writePricing(_ row: Row, _ line: inout CSVRow) {
        let charge = row.charge
        line.exact("")
        line.text(row.event.provider)
        line.exact(charge.listCost)
        line.exact(charge.listPrice?.text ?? "")
        line.text("Standard")
        line.text("USD")
        line.exact(charge.contractedPrice?.text ?? "")
        line.exact(charge.charged.dollars)
        line.exact(charge.listPrice?.text ?? "")
        line.exact(charge.quantity.text)
        line.text(pricingUnit(charge.unit))
    }

    /// From `ProviderName` to `Tags`.
    private static func writeService(_ row: Row, _ line: inout CSVRow) {
        let (event, charge) = (row.event, row.charge)
        line.text(event.provider)
        line.text(event.provider)
        line.text(event.usage.region ?? "")
        line.text(event.usage.region ?? "")
        line.text(charge.model)
        line.text(charge.model)
        line.text(charge.model.isEmpty ? "" : "Model")
        line.text("AI and Machine Learning")
        line.text("\(event.provider) API")
        line.text("Generative AI")
        line.text(sku(charge))
        line.text(charge.unit?.priceKey ?? "request")
        line.text(priceDetails(row) ?? "")
        line.text(priceID(row) ?? "")
        line.text(event.client)
        line.text(row.client)
        line.text(event.client.isEmpty ? "" : "Client")
        line.text(tags(event))
    }

    /// Our own columns.
    private static func writeOwn(_ row: Row, _ line: inout CSVRow) {
        let event = row.event
        line.text(event.cost.state.name)
        line.text(EventNames.dialect(event.dialect))
        line.text(event.modelRequested ?? "")
        line.text(event.outcome.name)
        line.exact(event.cost.priceBook == 0 ? "" : String(event.cost.priceBook))
        line.text(event.id.text)
        line.exact(Timestamp.text(event.time))
        line.exact(String(row.sequence))
        line.text(event.usage.serviceTier ?? "")
    }

    /// FOCUS times have whole seconds.
    private static func seconds(_ time: Int64) -> String { String(Timestamp.text(time).prefix(19)) + "Z" }

    private static func hour(_ row: Row, after hours: Int64) -> String {
        seconds((Timestamp.floorDivide(row.event.time, Timestamp.hour) + hours) &* Timestamp.hour)
    }

    private static func month(_ row: Row, after months: Int) -> String {
        var date = Timestamp.date(ofDay: Timestamp.floorDivide(row.event.time, Timestamp.day))
        date.day = 1
        date.month += months
        if date.month > 12 { (date.year, date.month) = (date.year + 1, 1) }
        return seconds(Timestamp.dayNumber(date) &* Timestamp.day)
    }

    private static func description(_ row: Row) -> String {
        let unit = row.charge.unit.map { $0.priceKey.split(separator: "_").joined(separator: " ") } ?? "request"
        let known = row.charge.listPrice == nil && row.event.cost.state == .unpriced ? ", no price known" : ""
        return "\(row.charge.model) \(unit)\(known)"
    }

    private static func sku(_ charge: FocusCharge) -> String { "\(charge.model)/\(charge.unit?.priceKey ?? "request")" }

    /// Book, row, unit and price: a row has several prices for a unit where they depend on the length of the input.
    private static func priceID(_ row: Row) -> String? {
        guard let index = row.charge.row, let unit = row.charge.pricedAs, let price = row.charge.listPrice else {
            return nil
        }
        return "\(row.event.cost.priceBook)/\(index)/\(unit.priceKey)/\(price.text)"
    }

    private static func priceDetails(_ row: Row) -> String? {
        guard priceID(row) != nil, let index = row.charge.row, let unit = row.charge.pricedAs else { return nil }
        var json = JSONText()
        json.object { json in
            json.key("PriceBookRevision")
            json.number(row.event.cost.priceBook)
            json.key("Row")
            json.number(index)
            json.key("PricedAs")
            json.string(unit.priceKey)
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func tags(_ event: RequestCompleted) -> String {
        var json = JSONText()
        json.object { json in
            json.key("group")
            json.string(event.group)
            json.key("operation")
            json.string(EventNames.operation(event.operation))
            for tag in event.tags.list where tag.name != "group" && tag.name != "operation" {
                json.key(text: tag.name)
                json.string(tag.value)
            }
        }
        return String(decoding: json.bytes, as: UTF8.self)
    }

    private static func consumedUnit(_ unit: UsageUnit?) -> String {
        switch unit {
        case .audioInputMilliseconds, .audioOutputMilliseconds, .sessionMilliseconds, .videoOutputMilliseconds:
            "Milliseconds"
        default: pricingUnit(unit)
        }
    }

    private static func pricingUnit(_ unit: UsageUnit?) -> String {
        switch unit {
        case nil, .requests: "Requests"
        case .webSearches, .fileSearches, .rerankSearches: "Searches"
        case .codeSessions: "Sessions"
        case .images: "Images"
        case .pages: "Pages"
        case .characters: "Characters"
        case .audioInputMilliseconds, .audioOutputMilliseconds, .sessionMilliseconds, .videoOutputMilliseconds: "Hours"
        default: "Tokens"
        }
    }
}
