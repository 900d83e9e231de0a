/// Times as text: RFC 3339, UTC, without Foundation.
public enum Timestamp {
    /// A calendar date of the proleptic Gregorian calendar.
    public struct Date: Equatable, Hashable, Comparable, Sendable {
        /// The year.
        public var year: Int
        /// The month, 1…12.
        public var month: Int
        /// The day of the month, 1…31.
        public var day: Int

        /// Orders by time.
        public static func < (lhs: Date, rhs: Date) -> Bool {
            (lhs.year, lhs.month, lhs.day) < (rhs.year, rhs.month, rhs.day)
        }
    }

    /// Microseconds of a day.
    public static let day: Int64 = 86_400_000_000
    /// Microseconds of an hour.
    public static let hour: Int64 = 3_600_000_000

    // 0000-01-01 and the last microsecond of 9999: what RFC 3339 can say.
    private static let first: Int64 = -62_167_219_200_000_000
    private static let last: Int64 = 253_402_300_799_999_999

    /// The date of a day counted from 1970-01-01 (Howard Hinnant's `civil_from_days`).
    public static func date(ofDay number: Int64) -> Date {
        let z = min(max(number, -720_000_000), 2_900_000_000) + 719_468
        let era = (z >= 0 ? z : z - 146_096) / 146_097
        let dayOfEra = z - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * dayOfYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return Date(
            year: Int(yearOfEra + era * 400 + (month <= 2 ? 1 : 0)),
            month: Int(month),
            day: Int(dayOfYear - (153 * shifted + 2) / 5 + 1)
        )
    }

    /// The day counted from 1970-01-01 of a date.
    public static func dayNumber(_ date: Date) -> Int64 {
        let year = Int64(min(max(date.year, -1_000_000), 1_000_000)) - (date.month <= 2 ? 1 : 0)
        let era = (year >= 0 ? year : year - 399) / 400
        let yearOfEra = year - era * 400
        let month = Int64(min(max(date.month, 1), 12))
        let dayOfYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + Int64(min(max(date.day, 1), 31)) - 1
        let dayOfEra = yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear
        return era * 146_097 + dayOfEra - 719_468
    }

    /// `2026-11-23T08:00:00.123456Z`; times before year 0 or after 9999 are given as the first or last that can be said.
    public static func text(_ microseconds: Int64) -> String {
        String(decoding: utf8(microseconds), as: UTF8.self)
    }

    /// The time itself, or the first or last that can be said.
    static func sayable(_ microseconds: Int64) -> Int64 { min(max(microseconds, first), last) }

    package static func utf8(_ microseconds: Int64) -> [UInt8] {
        let time = sayable(microseconds)
        let days = floorDivide(time, day)
        let rest = time - days * day
        var out = dayUTF8(days)
        out.append(0x54)
        digits(rest / hour, 2, &out)
        out.append(0x3a)
        digits(rest / 60_000_000 % 60, 2, &out)
        out.append(0x3a)
        digits(rest / 1_000_000 % 60, 2, &out)
        out.append(0x2e)
        digits(rest % 1_000_000, 6, &out)
        out.append(0x5a)
        return out
    }

    /// `2026-11-23` of a day counted from 1970-01-01.
    public static func dayText(_ number: Int64) -> String { String(decoding: dayUTF8(number), as: UTF8.self) }

    static func dayUTF8(_ number: Int64) -> [UInt8] {
        let date = date(ofDay: number)
        var out: [UInt8] = []
        out.reserveCapacity(28)
        digits(Int64(min(max(date.year, 0), 9999)), 4, &out)
        out.append(0x2d)
        digits(Int64(date.month), 2, &out)
        out.append(0x2d)
        digits(Int64(date.day), 2, &out)
        return out
    }

    private static func digits(_ value: Int64, _ width: Int, _ out: inout [UInt8]) {
        var divisor: Int64 = 1
        for _ in 1..<width { divisor *= 10 }
        while divisor > 0 {
            out.append(0x30 + UInt8(value / divisor % 10))
            divisor /= 10
        }
    }

    /// Division that rounds down, so that times before 1970 fall into the right hour and day.
    public static func floorDivide(_ value: Int64, _ by: Int64) -> Int64 {
        let quotient = value / by
        return value % by < 0 ? quotient - 1 : quotient
    }

    /// The time that a text says: `2026-11-23`, `2026-11`, or RFC 3339 with seconds, an optional fraction and a zone.
    ///
    /// Nil when the text says no time. Dates are the midnight, in UTC, that begins them.
    public static func parse(_ text: String) -> Int64? {
        let utf8 = Array(text.utf8)
        guard utf8.count >= 7, let year = number(utf8, 0, 4), utf8[4] == 0x2d, let month = number(utf8, 5, 2),
            (1...12).contains(month)
        else { return nil }
        if utf8.count == 7 { return dayNumber(Date(year: year, month: month, day: 1)) * day }
        guard utf8.count >= 10, utf8[7] == 0x2d, let dayOfMonth = number(utf8, 8, 2) else { return nil }
        let parsed = Date(year: year, month: month, day: dayOfMonth)
        let days = dayNumber(parsed)
        guard date(ofDay: days) == parsed else { return nil }
        if utf8.count == 10 { return days * day }
        return clock(utf8).map { days * day + $0 }
    }

    private static func clock(_ utf8: [UInt8]) -> Int64? {
        guard utf8.count >= 20, utf8[10] == 0x54 || utf8[10] == 0x74 || utf8[10] == 0x20,
            let hours = number(utf8, 11, 2), utf8[13] == 0x3a, let minutes = number(utf8, 14, 2), utf8[16] == 0x3a,
            let seconds = number(utf8, 17, 2), hours < 24, minutes < 60, seconds < 60
        else { return nil }
        var micros = Int64(hours) * hour + Int64(minutes) * 60_000_000 + Int64(seconds) * 1_000_000
        var index = 19
        if utf8[index] == 0x2e {
            index += 1
            var scale: Int64 = 100_000
            let start = index
            while index < utf8.count, (0x30...0x39).contains(utf8[index]) {
                micros += Int64(utf8[index] - 0x30) * scale
                scale /= 10
                index += 1
            }
            guard index > start else { return nil }
        }
        guard index < utf8.count else { return nil }
        if utf8[index] == 0x5a || utf8[index] == 0x7a { return index + 1 == utf8.count ? micros : nil }
        guard utf8[index] == 0x2b || utf8[index] == 0x2d, utf8.count == index + 6, utf8[index + 3] == 0x3a,
            let zoneHours = number(utf8, index + 1, 2), let zoneMinutes = number(utf8, index + 4, 2),
            zoneHours < 24, zoneMinutes < 60
        else { return nil }
        let zone = Int64(zoneHours) * hour + Int64(zoneMinutes) * 60_000_000
        return utf8[index] == 0x2b ? micros - zone : micros + zone
    }

    private static func number(_ utf8: [UInt8], _ at: Int, _ width: Int) -> Int? {
        guard at + width <= utf8.count else { return nil }
        var value = 0
        for byte in utf8[at..<(at + width)] {
            guard (0x30...0x39).contains(byte) else { return nil }
            value = value * 10 + Int(byte - 0x30)
        }
        return value
    }
}
