internal import Events

/// The value of a `retry-after` header (RFC 9110 section 10.2.3): seconds, or the date until which to wait.
package enum RetryAfter {
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    /// The seconds to wait; nil when the value is neither.
    ///
    /// - Parameter now: the wall clock, in microseconds since 1970.
    package static func seconds(_ text: String, now: Int64) -> Int64? {
        if let seconds = Int64(text) { return seconds }
        // Sun, 06 Nov 1994 08:49:37 GMT; the two obsolete forms are not sent by anyone who writes this header today.
        let parts = text.split(separator: " ")
        guard parts.count == 6, parts[5] == "GMT", let month = months.firstIndex(of: String(parts[2])) else {
            return nil
        }
        let number = month + 1 < 10 ? "0\(month + 1)" : "\(month + 1)"
        guard let date = Timestamp.parse("\(parts[3])-\(number)-\(parts[1])T\(parts[4])Z") else { return nil }
        return max(0, (date - now + 999_999) / 1_000_000)
    }
}
