package import Events

/// Gives each distinct key a slot, in order of first appearance, up to a cap; beyond it keys share an overflow key.
///
/// Slots are never reused, so a key that once went to the overflow slot always does: the fold stays deterministic.
package struct SeriesTable: Sendable {
    package private(set) var keys: [UInt64] = []
    private var index: [UInt64: Int32] = [:]
    package let cap: Int

    package init(cap: Int) { self.cap = cap }

    package var count: Int { keys.count }

    package func find(_ key: UInt64) -> Int? { index[key].map(Int.init) }

    /// The slot of a key, made when there is room, else the slot of the overflow key.
    package mutating func slot(_ key: UInt64, overflow: UInt64) -> Int {
        if let slot = index[key] { return Int(slot) }
        if keys.count >= cap, let slot = index[overflow] { return Int(slot) }
        return insert(keys.count >= cap ? overflow : key)
    }

    private mutating func insert(_ key: UInt64) -> Int {
        let slot = keys.count
        keys.append(key)
        index[key] = Int32(truncatingIfNeeded: slot)
        return slot
    }

    package func encode(_ writer: inout ByteWriter) {
        writer.count(keys.count)
        for key in keys { writer.fixed64(key) }
    }

    package mutating func decode(_ reader: inout ByteReader) -> Bool {
        let number = reader.small(max(0, reader.remaining / 8))
        for _ in 0..<number {
            let key = reader.fixed64()
            guard !reader.failed, index[key] == nil else { return false }
            _ = insert(key)
        }
        return !reader.failed
    }
}

/// Label values by number; number 0 is `other`.
package struct LabelTable: Sendable {
    package private(set) var names: [String] = ["other"]
    private var index: [String: UInt16] = ["other": 0]
    private static let longest = 200

    package init() {}

    /// The number of a label, 0 when there are too many; longer labels are cut.
    package mutating func intern(_ text: String) -> UInt16 {
        if let number = index[text] { return number }
        var label = text
        if label.utf8.count > Self.longest {
            label = String(decoding: label.utf8.prefix(Self.longest), as: UTF8.self)
            if let number = index[label] { return number }
        }
        guard names.count < Int(UInt16.max) else { return 0 }
        let number = UInt16(names.count)
        names.append(label)
        index[label] = number
        return number
    }

    /// The number of a label that another table gave one, nil when there are too many.
    mutating func adopt(_ name: String) -> UInt16? {
        if let number = index[name] { return number }
        guard names.count < Int(UInt16.max) else { return nil }
        let number = UInt16(names.count)
        names.append(name)
        index[name] = number
        return number
    }

    package func find(_ text: String) -> UInt16? { index[text] }

    package subscript(_ number: UInt16) -> String {
        Int(number) < names.count ? names[Int(number)] : "other"
    }

    package func encode(_ writer: inout ByteWriter) {
        writer.count(names.count - 1)
        for name in names.dropFirst() { writer.string(name) }
    }

    package mutating func decode(_ reader: inout ByteReader) -> Bool {
        for _ in 0..<reader.small(Int(UInt16.max)) {
            let name = reader.string()
            guard !reader.failed, index[name] == nil else { return false }
            index[name] = UInt16(truncatingIfNeeded: names.count)
            names.append(name)
        }
        return !reader.failed
    }
}
