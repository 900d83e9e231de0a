internal import Accounting

/// What stands behind the attempts in a record of `request.completed`, in place and checked.
///
/// Some of it stands earlier in a line than in the record, so it is read before anything is written.
struct CompletedEnding {
    private let tail: CompletedReader.UsageTail
    /// The number of a frequent path; 0 when it is spelled out.
    private let pathCode: Int
    private let path: UnsafeRawBufferPointer
    let responseID: UnsafeRawBufferPointer?
    private let session: UnsafeRawBufferPointer?
    private let tagCount: Int
    private let tags: ByteReader
    private let raw: UnsafeRawBufferPointer?

    /// Reads a record to its end; nil when it is damaged, or has work billed on other models, which is rare.
    ///
    /// - Parameter reader: stands before the attempts.
    init?(after reader: CompletedReader) {
        typealias Mask = CompletedReader.Mask
        let mask = reader.mask
        guard mask & Mask.additional == 0 else { return nil }
        var reader = reader
        for _ in 0..<reader.attemptCount {
            _ = reader.nextAttempt()
            guard !reader.rest.failed else { return nil }
        }
        tail = reader.usageTail()
        var rest = reader.rest
        pathCode = rest.small(KnownPath.table.count)
        path = pathCode == 0 ? rest.blob() : UnsafeRawBufferPointer(start: nil, count: 0)
        responseID = mask & Mask.responseID != 0 ? rest.blob() : nil
        session = mask & Mask.session != 0 ? rest.blob() : nil
        if mask & Mask.tags != 0 {
            tagCount = rest.small(Tags.most)
            tags = rest
            guard tagCount > 0, Self.areTags(tagCount, &rest) else { return nil }
        } else {
            tagCount = 0
            tags = rest
        }
        raw = mask & Mask.raw != 0 ? rest.blob() : nil
        guard !rest.failed, rest.remaining == 0 else { return nil }
    }

    /// Whether so many tags follow of which ``Tags`` takes every one, in ascending order.
    private static func areTags(_ count: Int, _ reader: inout ByteReader) -> Bool {
        var last = UnsafeRawBufferPointer(start: nil, count: 0)
        for _ in 0..<count {
            let name = reader.blob()
            let value = reader.blob()
            // The empty name, which is none, comes before every other one.
            guard !reader.failed, Tags.isName(name), last.lexicographicallyPrecedes(name), isValue(value) else {
                return false
            }
            last = name
        }
        return true
    }

    /// The limit is one of the text, and what is no UTF-8 is up to three times as long when it is repaired.
    private static func isValue(_ value: UnsafeRawBufferPointer) -> Bool {
        value.count <= Tags.valueLimit / 3
            || (value.count <= Tags.valueLimit && JSONText.isPlain(value))
            || String(decoding: value, as: UTF8.self).utf8.count <= Tags.valueLimit
    }

    func writeMarks(_ json: inout JSONText) {
        json.put(",\"session\":")
        json.stored(ifPresent: session)
        json.put(",\"tags\":{")
        var reader = tags
        for index in 0..<tagCount {
            if index > 0 { json.put(",") }
            json.stored(reader.blob())
            json.put(":")
            json.stored(reader.blob())
        }
        json.put("}")
    }

    func writePath(_ json: inout JSONText) {
        if pathCode > 0 { json.quoted(KnownPath.table[pathCode - 1]) } else { json.stored(path) }
    }

    /// From the reported total to the additional models, of which there are none.
    func writeUsage(_ json: inout JSONText) {
        json.put(",\"reported_total\":")
        if let total = tail.reportedTotal { json.digits(total) } else { json.put("null") }
        json.put(",\"service_tier\":")
        json.stored(ifPresent: tail.tier)
        json.put(",\"speed\":")
        json.stored(ifPresent: tail.speed)
        json.put(",\"region\":")
        json.stored(ifPresent: tail.region)
        if let cost = tail.providerCost {
            json.put(",\"provider_cost_usd\":\"")
            json.dollars(picodollars: cost)
            json.put("\",\"additional\":[]")
        } else {
            json.put(",\"provider_cost_usd\":null,\"additional\":[]")
        }
    }

    /// The raw usage without white space, `null` where it is no JSON; false when it cannot be decoded.
    func writeRaw(_ json: inout JSONText) -> Bool {
        guard let raw else {
            json.put("null")
            return true
        }
        if RawUsageJSON.append(raw, limit: Usage.rawLimit, to: &json) { return true }
        guard let text = RawUsageCoding.decode(raw, limit: Usage.rawLimit) else { return false }
        if let value = JSONCheck.minified(text) { json.append(value) } else { json.put("null") }
        return true
    }
}
