import Glibc

/// A bar on standard error with rate and time left; silent unless that is a terminal.
struct ProgressBar {
    private let label: String
    private let isShown: Bool
    private let clock = ContinuousClock()
    private let began: ContinuousClock.Instant
    private var lastDrawn: ContinuousClock.Instant?

    init(_ label: String, hidden: Bool = false) {
        self.label = label
        isShown = Words.isTerminal && !hidden
        began = clock.now
    }

    /// Draws, at most ten times a second. Without a total only the count and the rate are shown.
    ///
    /// - Parameter start: What was done already when the bar began; the rate leaves it out.
    mutating func show(_ done: UInt64, of total: UInt64?, unit: String, from start: UInt64 = 0) {
        guard isShown else { return }
        let now = clock.now
        if let lastDrawn, now - lastDrawn < .milliseconds(100), done != total { return }
        lastDrawn = now
        let elapsed = max(0.001, Self.seconds(now - began))
        let rate = Double(done - min(start, done)) / elapsed
        var text = "\r\u{1b}[2K\(label) "
        if let total, total > 0 {
            let share = min(1, Double(done) / Double(total))
            let filled = Int(share * 24)
            text += "[" + String(repeating: "#", count: filled) + String(repeating: ".", count: 24 - filled) + "] "
            text += "\(Int(share * 100)) % "
            if rate > 0, done < total { text += "\(Self.time(Double(total - done) / rate)) left, " }
        }
        text += "\(done) \(unit), \(Int(min(rate, 1e15)))/s"
        Words.put(text)
    }

    /// Clears the line.
    func end() { if isShown, lastDrawn != nil { Words.put("\r\u{1b}[2K") } }

    static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    private static func time(_ seconds: Double) -> String {
        let whole = Int(min(seconds.rounded(.up), 359_999))
        return whole < 60 ? "\(whole) s" : "\(whole / 60) min \(whole % 60) s"
    }
}
