/// The ways a value is written in the configuration.
enum Scalars {
    /// A whole number, `_` allowed between digits.
    static func integer(_ text: String) -> Int? {
        let digits = text.filter { $0 != "_" }
        guard let first = digits.first, first.isASCII, first.isNumber || (first == "-" && digits.count > 1) else {
            return nil
        }
        return Int(digits)
    }

    /// A time: a number and one of `ms s m h`, such as `5s`, `600ms`, `2m`, `1.5s`.
    static func duration(_ text: String) -> Duration? {
        guard let (thousandths, unit) = quantity(text) else { return nil }
        let milliseconds: Int
        switch unit {
        case "ms": milliseconds = 1
        case "s": milliseconds = 1000
        case "m": milliseconds = 60_000
        case "h": milliseconds = 3_600_000
        default: return nil
        }
        let (product, overflow) = thousandths.multipliedReportingOverflow(by: milliseconds)
        // A year is beyond every sensible bound, and keeps sums of times far from overflow.
        guard !overflow, product <= 366 * 86_400_000_000 else { return nil }
        return .microseconds(product)
    }

    /// A number of bytes: a number and one of `B kB KB KiB MB MiB GB GiB`, or a bare number of bytes.
    static func size(_ text: String) -> Int? {
        guard let (thousandths, unit) = quantity(text) else { return nil }
        let scale: Int
        switch unit {
        case "", "B": scale = 1
        case "kB", "KB": scale = 1000
        case "KiB": scale = 1 << 10
        case "MB": scale = 1_000_000
        case "MiB": scale = 1 << 20
        case "GB": scale = 1_000_000_000
        case "GiB": scale = 1 << 30
        default: return nil
        }
        let (product, overflow) = thousandths.multipliedReportingOverflow(by: scale)
        return overflow ? nil : product / 1000
    }

    /// `HOST:PORT`, `[IPv6]:PORT` or `:PORT` (every address).
    static func endpoint(_ text: String) -> Configuration.Endpoint? {
        guard let colon = text.lastIndex(of: ":") else { return nil }
        let digits = text[text.index(after: colon)...]
        guard !digits.isEmpty, digits.allSatisfy({ $0.isASCII && $0.isNumber }),
            let port = Int(digits), port <= 65_535
        else { return nil }
        var host = text[..<colon]
        if host.hasPrefix("["), host.hasSuffix("]") {
            host = host.dropFirst().dropLast()
            guard host.contains(":") else { return nil }
        } else if host.contains(":") {
            return nil
        }
        guard isHost(host) || host.isEmpty else { return nil }
        return Configuration.Endpoint(host: host.isEmpty ? "0.0.0.0" : String(host), port: port)
    }

    /// Whether the text can be a host name or an address.
    static func isHost(_ text: Substring) -> Bool {
        !text.isEmpty && text.utf8.count <= 253
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "-"), UInt8(ascii: "_"),
                    UInt8(ascii: ":"), UInt8(ascii: "%"):
                    true
                default: false
                }
            }
    }

    /// A decimal number with at most three decimals, in thousandths, and what follows it.
    private static func quantity(_ text: String) -> (thousandths: Int, unit: String)? {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == "." || $0 == "_") }
        let unit = text[number.endIndex...].drop { $0 == " " }
        let parts = number.filter { $0 != "_" }.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count <= 2, let whole = parts.first.flatMap({ Int($0) }) else { return nil }
        var thousandths = 0
        if parts.count == 2 {
            guard (1...3).contains(parts[1].count), let decimals = Int(parts[1]) else { return nil }
            thousandths = decimals * [0, 100, 10, 1][parts[1].count]
        }
        let (product, overflow) = whole.multipliedReportingOverflow(by: 1000)
        let (sum, carried) = product.addingReportingOverflow(thousandths)
        return overflow || carried ? nil : (sum, String(unit))
    }
}
