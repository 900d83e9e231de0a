internal import Accounting

/// Renders records of `request.completed` without making the events: what an export does for each of its millions.
///
/// The text is that of ``EventJSON`` for the event in the record. A record that this does not read, whatever the reason,
/// is left to that, which also says what is wrong with one. Keep one of these for many records: it remembers.
package struct CompletedJSON: Sendable {
    private var profiles: ProfileTexts
    private var times = TimeText()
    private let counts = CountsJSON()

    /// - Parameter names: where it knows a client's, a member `client_name` follows `client`.
    package init(names: ClientNames = ClientNames()) { profiles = ProfileTexts(names: names) }

    /// Adds the line of a record, without its newline, behind other text.
    ///
    /// - Returns: false, with nothing added, where ``EventCodec`` and ``EventJSON`` have to do it.
    package mutating func append(
        _ record: UnsafeRawBufferPointer,
        sequence: UInt64,
        to json: inout JSONText
    ) -> Bool {
        guard record.count >= 2, CompletedReader.reads(record[0]), record[1] == EventKind.requestCompleted.rawValue
        else { return false }
        return withUnsafeTemporaryAllocation(of: Int64.self, capacity: 32) { units in
            var reader = CompletedReader(record, units: units)
            guard !reader.rest.failed, let profile = profiles.number(of: reader.profile),
                let ending = CompletedEnding(after: reader)
            else { return false }
            let start = json.count
            json.begin()
            writeHead(reader, record[0], sequence, profile, ending, &json)
            guard writeMeasures(&reader, &json),
                writeUsage(reader, UnsafeBufferPointer(units), ending, record[0], &json), writeCost(reader, &json)
            else {
                json.cut(to: start)
                return false
            }
            return true
        }
    }

    private mutating func writeHead(
        _ reader: CompletedReader,
        _ schema: UInt8,
        _ sequence: UInt64,
        _ profile: Int,
        _ ending: CompletedEnding,
        _ json: inout JSONText
    ) {
        json.put("{\"seq\":")
        json.digits(sequence)
        json.put(",\"type\":\"request.completed\",\"schema\":")
        json.digits(UInt64(schema))
        json.put(",\"id\":\"")
        json.identity(reader.id)
        json.put("\",\"time\":\"")
        times.write(reader.time, &json)
        json.put("\",")
        profiles.write(.caller, of: profile, &json)
        if schema >= 2 { ending.writeMarks(&json) }
        json.put(",")
        profiles.write(.target, of: profile, &json)
        json.put(",\"path\":")
        ending.writePath(&json)
        json.put(",")
        profiles.write(.model, of: profile, &json)
        json.put(",\"response_id\":")
        json.stored(ifPresent: ending.responseID)
        json.put(",")
        profiles.write(.outcome, of: profile, &json)
    }

    /// Durations, sizes and attempts; false when an attempt is not as it should be.
    private func writeMeasures(_ reader: inout CompletedReader, _ json: inout JSONText) -> Bool {
        json.put(",\"timing\":{\"total_us\":")
        json.digits(reader.totalDuration)
        json.put(",\"first_byte_us\":")
        if let duration = reader.firstByteDuration { json.digits(duration) } else { json.put("null") }
        json.put(",\"upstream_us\":")
        json.digits(reader.upstreamDuration)
        json.put("},\"bytes\":{\"request\":")
        json.digits(reader.requestBytes)
        json.put(",\"response\":")
        json.digits(reader.responseBytes)
        json.put("},\"attempts\":[")
        for index in 0..<reader.attemptCount {
            let attempt = reader.nextAttempt()
            guard !reader.rest.failed else { return false }
            if index > 0 { json.put(",") }
            json.put("{\"upstream\":")
            json.stored(attempt.upstream)
            if let bits = attempt.keyBits {
                json.put(",\"key\":\"k_")
                json.hexadecimal(bits)
                json.put("\"")
            } else {
                json.put(",\"key\":")
                json.stored(ifPresent: attempt.keyText)
            }
            json.put(",\"status\":")
            if let status = attempt.status { json.digits(UInt64(status)) } else { json.put("null") }
            json.put(",\"failure\":")
            if attempt.failure == 0 {
                json.put("null")
            } else {
                guard let failure = AttemptFailure(rawValue: attempt.failure) else { return false }
                json.quoted(failure.name)
            }
            json.put(",\"duration_us\":")
            json.digits(attempt.duration)
            json.put("}")
        }
        json.put("]")
        return true
    }

    /// False when the source is none, or the raw usage cannot be decoded.
    private func writeUsage(
        _ reader: CompletedReader,
        _ units: UnsafeBufferPointer<Int64>,
        _ ending: CompletedEnding,
        _ schema: UInt8,
        _ json: inout JSONText
    ) -> Bool {
        guard let source = Usage.Source(rawValue: reader.source) else { return false }
        json.put(",\"usage\":{\"source\":")
        json.quoted(source.name)
        if reader.mask & CompletedReader.Mask.complete != 0 {
            json.put(",\"complete\":true,\"input\":{\"total\":")
        } else {
            json.put(",\"complete\":false,\"input\":{\"total\":")
        }
        counts.write(reader.unitMask, units, &json)
        ending.writeUsage(&json)
        if schema >= 2 {
            json.put(",\"normaliser\":")
            if let normaliser = reader.normaliser { json.digits(UInt64(normaliser)) } else { json.put("null") }
        }
        json.put(",\"raw\":")
        guard ending.writeRaw(&json) else { return false }
        json.put("}")
        return true
    }

    private func writeCost(_ reader: CompletedReader, _ json: inout JSONText) -> Bool {
        guard let state = Cost.State(rawValue: reader.costState) else { return false }
        json.put(",\"cost\":{\"state\":")
        json.quoted(state.name)
        if state == .unpriced {
            json.put(",\"usd\":null,\"price_book\":")
        } else {
            json.put(",\"usd\":\"")
            json.dollars(picodollars: reader.amount)
            json.put("\",\"price_book\":")
        }
        if reader.priceBook != 0 { json.digits(UInt64(reader.priceBook)) } else { json.put("null") }
        json.put(",\"row\":")
        if let row = reader.row { json.digits(UInt64(row)) } else { json.put("null") }
        json.put("}}")
        return true
    }
}
