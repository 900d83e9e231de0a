/// Reads a table of separated values record by record, as RFC 4180 has it: quotes, doubled quotes, line ends in quotes.
///
/// Lines may end in LF, CR LF or CR, a byte order mark is passed over, empty lines are too, and the separator is the one
/// the first line has: a comma, a semicolon or a tab. Linear in time; bounded by the limits below.
struct CSVReader {
    /// One record with the line it begins in, from 1.
    struct Record {
        var line: Int
        var fields: [String]
    }

    /// The longest field in bytes.
    static let longestField = 64 << 10
    /// The most fields in a record.
    static let mostFields = 512

    private let bytes: [UInt8]
    private let separator: UInt8
    private var index = 0
    private var line = 1

    private static let quote = UInt8(ascii: "\"")

    init(_ bytes: [UInt8]) throws(BillError) {
        self.bytes = bytes
        if bytes.starts(with: [0xff, 0xfe]) || bytes.starts(with: [0xfe, 0xff]) {
            throw BillError(1, "the file is UTF-16; save it as CSV in UTF-8")
        }
        index = bytes.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
        let first = bytes[index...].prefix { $0 != 0x0a && $0 != 0x0d }
        separator =
            first.contains(0x09)
            ? 0x09 : first.contains(UInt8(ascii: ",")) || !first.contains(UInt8(ascii: ";")) ? 0x2c : 0x3b
    }

    /// The next record; nil at the end.
    mutating func next() throws(BillError) -> Record? {
        skipLineEnds()
        guard index < bytes.count else { return nil }
        var record = Record(line: line, fields: [])
        while true {
            guard record.fields.count < Self.mostFields else {
                throw BillError(record.line, "there are more than \(Self.mostFields) columns")
            }
            record.fields.append(try field())
            guard index < bytes.count, bytes[index] == separator else { break }
            index += 1
        }
        return record
    }

    private mutating func skipLineEnds() {
        while index < bytes.count, bytes[index] == 0x0a || bytes[index] == 0x0d { step() }
    }

    /// Passes over a byte and counts lines; a CR before an LF ends none.
    private mutating func step() {
        let isPair = bytes[index] == 0x0d && index + 1 < bytes.count && bytes[index + 1] == 0x0a
        if bytes[index] == 0x0a || (bytes[index] == 0x0d && !isPair) { line += 1 }
        index += 1
    }

    private mutating func field() throws(BillError) -> String {
        guard index < bytes.count, bytes[index] == Self.quote else { return try plainField() }
        let start = line
        var text: [UInt8] = []
        index += 1
        while true {
            guard index < bytes.count else { throw BillError(start, "a quote is opened here and never closed") }
            let byte = bytes[index]
            if byte == Self.quote {
                index += 1
                guard index < bytes.count, bytes[index] == Self.quote else { break }
            }
            text.append(byte)
            guard text.count <= Self.longestField else { throw Self.tooLong(start) }
            step()
        }
        guard index == bytes.count || [separator, 0x0a, 0x0d].contains(bytes[index]) else {
            throw BillError(line, "text stands behind a closing quote; quotes in a field are doubled")
        }
        return try Self.text(text[...], start)
    }

    private mutating func plainField() throws(BillError) -> String {
        let start = index
        while index < bytes.count, bytes[index] != separator, bytes[index] != 0x0a, bytes[index] != 0x0d {
            guard bytes[index] != Self.quote else {
                throw BillError(line, "a quote stands in a field that does not begin with one")
            }
            index += 1
        }
        guard index - start <= Self.longestField else { throw Self.tooLong(line) }
        return try Self.text(bytes[start..<index], line)
    }

    private static func tooLong(_ line: Int) -> BillError {
        BillError(line, "a field is longer than \(longestField) bytes")
    }

    private static func text(_ bytes: ArraySlice<UInt8>, _ line: Int) throws(BillError) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw BillError(line, "the text is not UTF-8; save the file as CSV in UTF-8")
        }
        return text
    }
}
