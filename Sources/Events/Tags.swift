/// A mark that a client put on a request.
public struct Tag: Equatable, Sendable {
    /// Its name, 1 to ``Tags/nameLimit`` bytes of `a-z`, `0-9`, `.`, `_` and `-`.
    public let name: String
    /// Its value, at most ``Tags/valueLimit`` bytes; data only.
    public let value: String
}

/// The marks of a request: few, short, no two of one name, in ascending order of their names.
public struct Tags: Equatable, Sendable {
    /// The most marks of a request.
    public static let most = 16
    /// The most bytes of a name.
    public static let nameLimit = 64
    /// The most bytes of a value.
    public static let valueLimit = 256
    /// The most bytes of a session, which stands beside the marks.
    public static let sessionLimit = 128

    /// The marks.
    public private(set) var list: [Tag] = []

    /// No marks.
    public init() {}

    /// True when there is none.
    public var isEmpty: Bool { list.isEmpty }

    /// The value of a name; nil when there is none.
    public subscript(_ name: String) -> String? { list.first { $0.name == name }?.value }

    /// Adds a mark.
    ///
    /// - Returns: false when the name or the value is not of the allowed form, the name is there already, or there are
    ///   ``most``; then nothing changes.
    @discardableResult
    public mutating func add(name: String, value: String) -> Bool {
        guard list.count < Self.most, Self.isName(name), value.utf8.count <= Self.valueLimit else { return false }
        let index = list.firstIndex { $0.name >= name } ?? list.count
        guard index == list.count || list[index].name != name else { return false }
        list.insert(Tag(name: name, value: value), at: index)
        return true
    }

    /// Whether a text may be the name of a mark.
    public static func isName(_ text: String) -> Bool { isName(text.utf8) }

    static func isName(_ text: some Collection<UInt8>) -> Bool {
        !text.isEmpty && text.count <= nameLimit
            && text.allSatisfy { byte in
                switch byte {
                case 0x61...0x7a, 0x30...0x39, 0x2d, 0x2e, 0x5f: true
                default: false
                }
            }
    }
}
