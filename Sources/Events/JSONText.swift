/// Builds JSON text as bytes: compact, keys in the order they are given, strings escaped.
///
/// The buffer is its own and not an array: a line has hundreds of pieces of a few bytes, and an array looks with each one
/// whether it is shared.
package struct JSONText: ~Copyable {
    private var base: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    /// The bytes that were written.
    package private(set) var count = 0
    private var needsComma = false

    package init(capacity: Int = 512) {
        self.capacity = max(capacity, 64)
        base = .allocate(capacity: self.capacity)
    }

    deinit { base.deallocate() }

    /// A copy of what was written; setting it begins anew.
    package var bytes: [UInt8] {
        get { [UInt8](UnsafeBufferPointer(start: base, count: count)) }
        set {
            count = 0
            append(newValue)
        }
    }

    @inline(__always)
    private mutating func reserve(_ space: Int) {
        if capacity - count < space { grow(space) }
    }

    @inline(never)
    private mutating func grow(_ space: Int) {
        capacity = max(2 * capacity, count + space)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: base, count: count)
        base.deallocate()
        base = larger
    }

    /// Where the next bytes are to be written, with room for so many; ``advance(_:)`` then tells how many they were.
    @inline(__always)
    mutating func room(_ space: Int) -> UnsafeMutableRawPointer {
        reserve(space)
        return UnsafeMutableRawPointer(base + count)
    }

    /// Takes in bytes that were written at ``room(_:)``, no more than there was room for.
    @inline(__always)
    mutating func advance(_ added: Int) { count &+= added }

    @inline(__always)
    private mutating func put(_ byte: UInt8) {
        reserve(1)
        base[count] = byte
        count += 1
    }

    @inline(__always)
    mutating func put(_ text: UnsafeBufferPointer<UInt8>) {
        reserve(text.count)
        if let source = text.baseAddress { (base + count).update(from: source, count: text.count) }
        count += text.count
    }

    /// Adds text as it is.
    @inline(__always)
    mutating func put(_ text: StaticString) { text.withUTF8Buffer { put($0) } }

    /// Begins another value behind what was written; no comma stands between them.
    package mutating func begin() { needsComma = false }

    /// Adds a byte as it is.
    package mutating func append(_ byte: UInt8) { put(byte) }

    /// Adds bytes as they are.
    package mutating func append(_ bytes: [UInt8]) { bytes.withUnsafeBufferPointer { put($0) } }

    /// Adds so many bytes, which `body` writes.
    package mutating func append(count added: Int, _ body: (UnsafeMutableRawBufferPointer) -> Void) {
        reserve(added)
        body(UnsafeMutableRawBufferPointer(start: base + count, count: added))
        count += added
    }

    /// Takes the last byte back.
    package mutating func removeLast() { count = max(0, count - 1) }

    /// Takes back what was written behind so many bytes.
    mutating func cut(to length: Int) { count = min(count, max(0, length)) }

    /// Writes over a byte.
    mutating func replace(at index: Int, with byte: UInt8) {
        guard index >= 0, index < count else { return }
        base[index] = byte
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { put(0x2c) }
        needsComma = true
    }

    package mutating func key(_ name: StaticString) {
        name.withUTF8Buffer { name in
            reserve(name.count + 4)
            separate()
            put(0x22)
            put(name)
            put(0x22)
            put(0x3a)
        }
        needsComma = false
    }

    package mutating func key(text: String) {
        string(text)
        put(0x3a)
        needsComma = false
    }

    package mutating func open(_ bracket: UInt8) {
        separate()
        put(bracket)
        needsComma = false
    }

    package mutating func close(_ bracket: UInt8) {
        put(bracket)
        needsComma = true
    }

    package mutating func object(_ body: (inout JSONText) -> Void) {
        open(0x7b)
        body(&self)
        close(0x7d)
    }

    package mutating func array(_ body: (inout JSONText) -> Void) {
        open(0x5b)
        body(&self)
        close(0x5d)
    }

    package mutating func number(_ value: some BinaryInteger) {
        separate()
        if let value = Int64(exactly: value) {
            digits(value)
        } else if let value = UInt64(exactly: value) {
            digits(value)
        } else {
            append(Array(String(value).utf8))
        }
    }

    package mutating func number(ifPresent value: (some BinaryInteger)?) {
        if let value { number(value) } else { null() }
    }

    package mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    package mutating func null() { literal("null") }

    private mutating func literal(_ text: StaticString) {
        separate()
        put(text)
    }

    /// Text that is JSON already.
    package mutating func verbatim(_ json: [UInt8]) {
        separate()
        append(json)
    }

    package mutating func string(ifPresent value: String?) {
        if let value { string(value) } else { null() }
    }

    /// Text that is known to need no escape.
    package mutating func string(plain value: [UInt8]) {
        separate()
        put(0x22)
        append(value)
        put(0x22)
    }

    package mutating func string(_ value: String) {
        separate()
        quoted(value)
    }
}
