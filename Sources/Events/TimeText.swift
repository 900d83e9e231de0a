/// Writes times, with the date of the last one remembered: most events are of the same day as the one before.
struct TimeText: Sendable {
    private var start: Int64 = .max
    private var date: [UInt8] = []

    init() {}

    /// What ``Timestamp/text(_:)`` says.
    mutating func write(_ microseconds: Int64, _ json: inout JSONText) {
        let time = Timestamp.sayable(microseconds)
        if date.isEmpty || time < start || time - start >= Timestamp.day {
            let number = Timestamp.floorDivide(time, Timestamp.day)
            start = number * Timestamp.day
            date = Timestamp.dayUTF8(number)
        }
        json.append(date)
        let (seconds, fraction) = UInt64(time - start).quotientAndRemainder(dividingBy: 1_000_000)
        let (minutes, second) = seconds.quotientAndRemainder(dividingBy: 60)
        let (hour, minute) = minutes.quotientAndRemainder(dividingBy: 60)
        let space = json.room(17)
        space.storeBytes(of: 0x54, as: UInt8.self)
        space.storeBytes(of: JSONText.pair(hour), toByteOffset: 1, as: UInt16.self)
        space.storeBytes(of: 0x3a, toByteOffset: 3, as: UInt8.self)
        space.storeBytes(of: JSONText.pair(minute), toByteOffset: 4, as: UInt16.self)
        space.storeBytes(of: 0x3a, toByteOffset: 6, as: UInt8.self)
        space.storeBytes(of: JSONText.pair(second), toByteOffset: 7, as: UInt16.self)
        space.storeBytes(of: 0x2e, toByteOffset: 9, as: UInt8.self)
        space.storeBytes(of: JSONText.pair(fraction / 10_000), toByteOffset: 10, as: UInt16.self)
        space.storeBytes(of: JSONText.pair(fraction / 100 % 100), toByteOffset: 12, as: UInt16.self)
        space.storeBytes(of: JSONText.pair(fraction % 100), toByteOffset: 14, as: UInt16.self)
        space.storeBytes(of: 0x5a, toByteOffset: 16, as: UInt8.self)
        json.advance(17)
    }
}
