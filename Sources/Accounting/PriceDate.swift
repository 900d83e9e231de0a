/// Dates of price rows, in UTC, to the second.
package enum PriceDate {
    /// Seconds since 1970 of `2026-10-14`, `2026-10-14T16:30:00Z`; nil for anything else.
    package static func parse(_ text: String) -> Int64? {
        let bytes = Array(text.utf8)
        func number(_ range: Range<Int>) -> Int64? {
            guard bytes[range].allSatisfy({ $0 >= 48 && $0 <= 57 }) else { return nil }
            return bytes[range].reduce(0) { $0 * 10 + Int64($1 - 48) }
        }
        guard bytes.count == 10 || bytes.count == 20, bytes[4] == 45, bytes[7] == 45,
            let year = number(0..<4), let month = number(5..<7), let day = number(8..<10),
            (1...12).contains(month), day >= 1
        else { return nil }
        let days = dayNumber(year: year, month: month, day: day)
        // A day that does not exist, such as 30 February, comes back as another.
        guard civil(days) == (year, month, day) else { return nil }
        guard bytes.count == 20 else { return days * 86_400 }
        guard bytes[10] == UInt8(ascii: "T"), bytes[13] == 58, bytes[16] == 58, bytes[19] == UInt8(ascii: "Z"),
            let hour = number(11..<13), let minute = number(14..<16), let second = number(17..<19),
            hour < 24, minute < 60, second < 60
        else { return nil }
        return days * 86_400 + hour * 3600 + minute * 60 + second
    }

    /// Seconds since 1970 of a date or a moment in RFC 3339, with any offset; a fraction of a second is cut off.
    package static func moment(_ text: String) -> Int64? {
        var bytes = Array(text.utf8)
        guard bytes.count > 19 else { return parse(text) }
        if bytes[10] == UInt8(ascii: " ") || bytes[10] == UInt8(ascii: "t") { bytes[10] = UInt8(ascii: "T") }
        var rest = bytes[19...]
        if rest.first == UInt8(ascii: ".") {
            rest.removeFirst()
            let places = rest.prefix { $0 >= 48 && $0 <= 57 }.count
            guard places > 0 else { return nil }
            rest = rest.dropFirst(places)
        }
        guard let seconds = parse(String(decoding: bytes[..<19] + [UInt8(ascii: "Z")], as: UTF8.self)) else {
            return nil
        }
        let zone = Array(rest)
        if zone == [UInt8(ascii: "Z")] || zone == [UInt8(ascii: "z")] { return seconds }
        guard zone.count == 6, zone[0] == UInt8(ascii: "+") || zone[0] == UInt8(ascii: "-"), zone[3] == 58,
            [1, 2, 4, 5].allSatisfy({ zone[$0] >= 48 && zone[$0] <= 57 })
        else { return nil }
        let hours = Int64(zone[1] - 48) * 10 + Int64(zone[2] - 48)
        let minutes = Int64(zone[4] - 48) * 10 + Int64(zone[5] - 48)
        guard hours < 24, minutes < 60 else { return nil }
        let offset = hours * 3600 + minutes * 60
        return zone[0] == UInt8(ascii: "+") ? seconds - offset : seconds + offset
    }

    /// The text of a moment, a date alone where it is midnight; nil outside the years 0000 to 9999.
    package static func text(_ seconds: Int64) -> String? {
        let rest = ((seconds % 86_400) + 86_400) % 86_400
        let (year, month, day) = civil((seconds - rest) / 86_400)
        guard (0...9999).contains(year) else { return nil }
        let date = "\(padded(year, 4))-\(padded(month, 2))-\(padded(day, 2))"
        guard rest != 0 else { return date }
        return "\(date)T\(padded(rest / 3600, 2)):\(padded(rest / 60 % 60, 2)):\(padded(rest % 60, 2))Z"
    }

    /// A number with zeros before it up to a width.
    package static func padded(_ number: Int64, _ width: Int) -> String {
        let digits = String(number)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    /// Days since 1970 in the proleptic Gregorian calendar, counted in eras of 400 years that begin on 1 March.
    private static func dayNumber(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        return era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
    }

    private static func civil(_ days: Int64) -> (Int64, Int64, Int64) {
        let shifted = days + 719_468
        let era = (shifted >= 0 ? shifted : shifted - 146_096) / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shiftedMonth = (5 * dayOfYear + 2) / 153
        let month = shiftedMonth < 10 ? shiftedMonth + 3 : shiftedMonth - 9
        let year = yearOfEra + era * 400 + (month <= 2 ? 1 : 0)
        return (year, month, dayOfYear - (153 * shiftedMonth + 2) / 5 + 1)
    }
}
