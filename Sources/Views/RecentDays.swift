import Events

/// The newest days on which there were requests, as many as hours are kept for.
///
/// Days with requests are counted and not days of the calendar, so that a clock that leaps ahead for a while costs no more
/// than the days it leapt to, and the outcome is the same in whatever order the days come.
package struct RecentDays: Equatable, Sendable {
    /// Since 1970-01-01 (UTC), ascending.
    package private(set) var days: [Int64] = []

    package init() {}

    /// The oldest day whose hours are kept; nil while all are.
    package var oldestKept: Int64? { days.count < ViewState.daysOfHours ? nil : days.first }

    /// Takes a day in; returns whether an older one had to go.
    @inline(__always)
    package mutating func insert(_ day: Int64) -> Bool { day == days.last ? false : insertElsewhere(day) }

    private mutating func insertElsewhere(_ day: Int64) -> Bool {
        var place = days.count
        while place > 0, days[place - 1] > day { place -= 1 }
        if place > 0, days[place - 1] == day { return false }
        let isFull = days.count >= ViewState.daysOfHours
        if isFull, place == 0 { return false }
        days.insert(day, at: place)
        if isFull { days.removeFirst() }
        return isFull
    }

    func encode(_ writer: inout ByteWriter) {
        writer.count(days.count)
        for day in days { writer.signed(day) }
    }

    mutating func decode(_ reader: inout ByteReader) -> Bool {
        for _ in 0..<reader.small(ViewState.daysOfHours) {
            let day = reader.signed()
            guard !reader.failed, days.last.map({ $0 < day }) ?? true else { return false }
            days.append(day)
        }
        return !reader.failed
    }
}
