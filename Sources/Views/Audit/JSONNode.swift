/// A JSON value, read from the few control lines of an export. Numbers stay text, so that none is rounded.
package enum JSONNode: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(String)
    case string(String)
    case array([JSONNode])
    case object([(name: String, value: JSONNode)])

    private static let deepest = 32

    /// Reads one value; nil unless the whole text is one, or where a member is there twice: readers differ in which counts.
    package init?(_ text: [UInt8]) {
        var parser = Parser(text: text)
        guard let node = parser.value(depth: 0), parser.isAtEnd else { return nil }
        self = node
    }

    package static func == (left: JSONNode, right: JSONNode) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let a), .bool(let b)): a == b
        case (.number(let a), .number(let b)), (.string(let a), .string(let b)): a == b
        case (.array(let a), .array(let b)): a == b
        case (.object(let a), .object(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.name == $1.name && $0.value == $1.value }
        default: false
        }
    }

    /// The member with that name.
    package subscript(_ name: String) -> JSONNode? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.name == name }?.value
    }

    /// The text, when this is a string.
    package var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    /// The value, when this is a whole number that fits, written without a sign or zeros before it.
    package var whole: UInt64? {
        guard case .number(let text) = self, let value = UInt64(text), String(value) == text else { return nil }
        return value
    }

    /// The elements, when this is an array.
    package var elements: [JSONNode]? {
        guard case .array(let elements) = self else { return nil }
        return elements
    }

    private struct Parser {
        let text: [UInt8]
        var index = 0

        init(text: [UInt8]) { self.text = text }

        var next: UInt8? { index < text.count ? text[index] : nil }

        var isAtEnd: Bool {
            mutating get {
                space()
                return index == text.count
            }
        }

        mutating func space() {
            while let byte = next, byte == 0x20 || byte == 0x09 || byte == 0x0a || byte == 0x0d { index += 1 }
        }

        mutating func take(_ byte: UInt8) -> Bool {
            space()
            guard next == byte else { return false }
            index += 1
            return true
        }

        mutating func value(depth: Int) -> JSONNode? {
            space()
            guard depth < JSONNode.deepest, let byte = next else { return nil }
            switch byte {
            case 0x7b: return object(depth: depth)
            case 0x5b: return array(depth: depth)
            case 0x22: return string().map { .string($0) }
            case 0x74: return word("true") ? .bool(true) : nil
            case 0x66: return word("false") ? .bool(false) : nil
            case 0x6e: return word("null") ? .null : nil
            default: return number()
            }
        }

        private mutating func object(depth: Int) -> JSONNode? {
            index += 1
            var members: [(name: String, value: JSONNode)] = []
            var names: Set<String> = []
            if take(0x7d) { return .object(members) }
            repeat {
                space()
                guard next == 0x22, let name = string(), take(0x3a), let value = value(depth: depth + 1) else {
                    return nil
                }
                guard names.insert(name).inserted else { return nil }
                members.append((name, value))
            } while take(0x2c)
            return take(0x7d) ? .object(members) : nil
        }

        private mutating func array(depth: Int) -> JSONNode? {
            index += 1
            var elements: [JSONNode] = []
            if take(0x5d) { return .array(elements) }
            repeat {
                guard let element = value(depth: depth + 1) else { return nil }
                elements.append(element)
            } while take(0x2c)
            return take(0x5d) ? .array(elements) : nil
        }

        private mutating func word(_ word: StaticString) -> Bool {
            let letters = word.withUTF8Buffer { Array($0) }
            guard text[index...].starts(with: letters) else { return false }
            index += letters.count
            return true
        }

        private mutating func number() -> JSONNode? {
            let start = index
            while let byte = next, (0x30...0x39).contains(byte) || [0x2b, 0x2d, 0x2e, 0x45, 0x65].contains(byte) {
                index += 1
            }
            guard index > start else { return nil }
            return .number(String(decoding: text[start..<index], as: UTF8.self))
        }

        private mutating func string() -> String? {
            index += 1
            var bytes: [UInt8] = []
            while let byte = next {
                index += 1
                switch byte {
                case 0x22: return String(validating: bytes, as: UTF8.self)
                case 0x5c: guard escape(&bytes) else { return nil }
                case 0..<0x20: return nil
                default: bytes.append(byte)
                }
            }
            return nil
        }

        private mutating func escape(_ bytes: inout [UInt8]) -> Bool {
            guard let byte = next else { return false }
            index += 1
            switch byte {
            case 0x22, 0x5c, 0x2f: bytes.append(byte)
            case 0x62: bytes.append(0x08)
            case 0x66: bytes.append(0x0c)
            case 0x6e: bytes.append(0x0a)
            case 0x72: bytes.append(0x0d)
            case 0x74: bytes.append(0x09)
            case 0x75:
                guard var code = unit() else { return false }
                if (0xd800..<0xdc00).contains(code) {
                    guard text[index...].starts(with: [0x5c, 0x75]) else { return false }
                    index += 2
                    guard let low = unit(), (0xdc00..<0xe000).contains(low) else { return false }
                    code = 0x10000 + (code - 0xd800) << 10 + (low - 0xdc00)
                }
                guard let scalar = UnicodeScalar(code) else { return false }
                bytes += Array(String(Character(scalar)).utf8)
            default: return false
            }
            return true
        }

        private mutating func unit() -> UInt32? {
            guard index + 4 <= text.count else { return nil }
            let digits = String(decoding: text[index..<index + 4], as: UTF8.self)
            guard digits.utf8.allSatisfy({ Character(UnicodeScalar($0)).isHexDigit }) else { return nil }
            index += 4
            return UInt32(digits, radix: 16)
        }
    }
}
