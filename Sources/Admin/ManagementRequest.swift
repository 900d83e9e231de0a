/// A question or an order to the management side, however it came: TCP, the socket, or a command on a stopped directory.
public struct ManagementRequest: Equatable, Sendable {
    /// `GET` or `POST`.
    public var method: String
    /// The path without query, such as `/api/report`.
    public var path: String
    /// The query's fields, decoded; of a repeated field every value, in order.
    public var query: [String: [String]]
    /// The body; empty for questions.
    public var body: [UInt8]
    /// The `Accept` header, empty when there is none.
    public var accept: String

    /// A request.
    public init(
        method: String = "GET",
        path: String,
        query: [String: [String]] = [:],
        body: [UInt8] = [],
        accept: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.body = body
        self.accept = accept
    }

    /// The last value of a field, nil when the field is absent.
    public subscript(_ name: String) -> String? { query[name]?.last }

    /// The path with its query, encoded, as it stands in a request line.
    public var target: String {
        let fields = query.sorted(by: { $0.key < $1.key }).flatMap { field in
            field.value.map { "\(PercentCoding.encode(field.key))=\(PercentCoding.encode($0))" }
        }
        return fields.isEmpty ? path : path + "?" + fields.joined(separator: "&")
    }
}

/// Percent-coding of query fields.
enum PercentCoding {
    static func encode(_ text: String) -> String {
        var result: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"):
                result.append(byte)
            default:
                let digits = Array("0123456789ABCDEF".utf8)
                result += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The text behind the coding, `+` taken for a space; what is no valid code stays as it is.
    static func decode(_ text: Substring) -> String {
        var result: [UInt8] = []
        let bytes = Array(text.utf8)
        var index = 0
        while index < bytes.count {
            if bytes[index] == UInt8(ascii: "%"), index + 2 < bytes.count, let high = digit(bytes[index + 1]),
                let low = digit(bytes[index + 2])
            {
                result.append(high << 4 | low)
                index += 3
            } else {
                result.append(bytes[index] == UInt8(ascii: "+") ? UInt8(ascii: " ") : bytes[index])
                index += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }

    /// The fields of a query; `flag` without `=` stands for an empty value.
    static func fields(_ query: String) -> [String: [String]] {
        var result: [String: [String]] = [:]
        for pair in query.split(separator: "&") {
            let equals = pair.firstIndex(of: "=") ?? pair.endIndex
            let value = equals < pair.endIndex ? pair[pair.index(after: equals)...] : ""
            result[decode(pair[..<equals]), default: []].append(decode(value))
        }
        return result
    }

    private static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
