/// What must hold of a request, beside provider, model and date, for a price row to apply.
public struct PriceConditions: Hashable, Sendable {
    /// A part of the day and week in UTC.
    public struct Window: Hashable, Sendable {
        /// The first minute of the day that is inside, 0 to 1439.
        public var fromMinute: Int
        /// The first minute of the day that is outside again, 0 to 1440; when it is not after `fromMinute`, the window
        /// runs over midnight.
        public var untilMinute: Int
        /// Bit 0 is Monday, bit 6 Sunday: the days on which the request may start.
        public var weekdays: UInt8

        /// All days of the week.
        public static let everyDay: UInt8 = 0b111_1111

        /// A window.
        public init(fromMinute: Int = 0, untilMinute: Int = 1440, weekdays: UInt8 = Window.everyDay) {
            self.fromMinute = fromMinute
            self.untilMinute = untilMinute
            self.weekdays = weekdays
        }

        /// Whether a moment is inside.
        ///
        /// - Parameter seconds: Seconds since 1970 (UTC).
        public func contains(_ seconds: Int64) -> Bool {
            let secondOfDay = ((seconds % 86_400) + 86_400) % 86_400
            let day = (seconds - secondOfDay) / 86_400
            // 1970-01-01 was a Thursday, day 3 counted from Monday.
            let weekday = UInt8(((day + 3) % 7 + 7) % 7)
            guard weekdays & (1 << weekday) != 0 else { return false }
            let minute = Int(secondOfDay / 60)
            return fromMinute < untilMinute
                ? minute >= fromMinute && minute < untilMinute
                : minute >= fromMinute || minute < untilMinute
        }
    }

    /// The service tier that the provider billed: `flex`, `priority`, `batch`, ...
    public var serviceTier: String?
    /// The speed class that the provider billed: `fast`, ...
    public var speed: String?
    /// The region or geography that the provider billed: `us`, ...
    public var region: String?
    /// The part of the day and week in which the request must start.
    public var window: Window?

    /// Conditions; none by default.
    public init(
        serviceTier: String? = nil,
        speed: String? = nil,
        region: String? = nil,
        window: Window? = nil
    ) {
        self.serviceTier = serviceTier
        self.speed = speed
        self.region = region
        self.window = window
    }

    /// How many conditions there are.
    public var count: Int {
        (serviceTier == nil ? 0 : 1) + (speed == nil ? 0 : 1) + (region == nil ? 0 : 1) + (window == nil ? 0 : 1)
    }
}
