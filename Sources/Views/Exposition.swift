import Accounting

/// Writes metric families in Prometheus' text format 0.0.4 or in OpenMetrics 1.0.
///
/// In OpenMetrics a counter's family has no `_total`, its samples have, and `_created` tells when it began.
struct Exposition {
    enum Kind { case counter, gauge, histogram }

    var bytes: [UInt8] = []
    let isOpenMetrics: Bool
    private var family = ""
    private var kind = Kind.gauge

    init(openMetrics: Bool) {
        isOpenMetrics = openMetrics
        bytes.reserveCapacity(65_536)
    }

    /// Begins a family; a counter's name ends in `_total`.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String, unit: String? = nil) {
        self.kind = kind
        family = kind == .counter && isOpenMetrics && name.hasSuffix("_total") ? String(name.dropLast(6)) : name
        add("# TYPE \(family) \(kind == .counter ? "counter" : kind == .gauge ? "gauge" : "histogram")\n")
        if isOpenMetrics, let unit, family.hasSuffix("_\(unit)") { add("# UNIT \(family) \(unit)\n") }
        add("# HELP \(family) ")
        escape(help, quotes: isOpenMetrics)
        add("\n")
    }

    private mutating func add(_ text: String) { bytes.append(contentsOf: text.utf8) }

    private mutating func escape(_ text: String, quotes: Bool) {
        for byte in text.utf8 {
            switch byte {
            case 0x5c: add("\\\\")
            case 0x0a: add("\\n")
            case 0x22 where quotes: add("\\\"")
            default: bytes.append(byte)
            }
        }
    }

    private mutating func sample(
        _ suffix: String,
        _ labels: [(String, String)],
        extra: (String, String)? = nil,
        value: String
    ) {
        add(family)
        add(suffix)
        if !labels.isEmpty || extra != nil {
            add("{")
            var isFirst = true
            for (name, text) in labels + (extra.map { [$0] } ?? []) {
                if !isFirst { add(",") }
                isFirst = false
                add(name)
                add("=\"")
                escape(text, quotes: true)
                add("\"")
            }
            add("}")
        }
        add(" ")
        add(value)
        add("\n")
    }

    private var counterSuffix: String { isOpenMetrics ? "_total" : "" }

    mutating func counter(_ labels: [(String, String)], _ value: String, created: String?) {
        sample(counterSuffix, labels, value: value)
        if isOpenMetrics, let created { sample("_created", labels, value: created) }
    }

    mutating func gauge(_ labels: [(String, String)], _ value: String) { sample("", labels, value: value) }

    mutating func histogram(
        _ labels: [(String, String)],
        bounds: [String],
        cumulative: [UInt64],
        count: UInt64,
        sum: String,
        created: String?
    ) {
        for (bound, value) in zip(bounds, cumulative) {
            sample("_bucket", labels, extra: ("le", bound), value: String(value))
        }
        sample("_bucket", labels, extra: ("le", "+Inf"), value: String(count))
        sample("_sum", labels, value: sum)
        sample("_count", labels, value: String(count))
        if isOpenMetrics, let created { sample("_created", labels, value: created) }
    }

    mutating func finish() {
        if isOpenMetrics { add("# EOF\n") }
    }

    /// Microseconds as exact decimal seconds.
    static func seconds(_ microseconds: UInt64) -> String {
        let (whole, fraction) = microseconds.quotientAndRemainder(dividingBy: 1_000_000)
        guard fraction != 0 else { return String(whole) }
        var digits = String(fraction)
        digits = String(repeating: "0", count: 6 - digits.count) + digits
        while digits.last == "0" { digits.removeLast() }
        return "\(whole).\(digits)"
    }

    /// A bound as OpenMetrics wants it, with a fraction: `1.0`.
    static func bound(_ microseconds: Int64) -> String {
        let text = seconds(UInt64(max(0, microseconds)))
        return text.contains(".") ? text : text + ".0"
    }
}
