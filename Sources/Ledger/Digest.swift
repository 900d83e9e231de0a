internal import Crypto

/// A SHA-256 value, 32 bytes held inline: the hash of a record or of a node of the tree over the records.
public struct Digest: Hashable, Sendable {
    /// The length of every value.
    public static let byteCount = 32

    private var words: (UInt64, UInt64, UInt64, UInt64) = (0, 0, 0, 0)

    /// Whether the bytes are the same.
    public static func == (left: Digest, right: Digest) -> Bool {
        left.words.0 == right.words.0 && left.words.1 == right.words.1
            && left.words.2 == right.words.2 && left.words.3 == right.words.3
    }

    /// The bytes as they are; nil unless there are 32.
    public init?(_ bytes: UnsafeRawBufferPointer) {
        guard bytes.count == Digest.byteCount else { return nil }
        withUnsafeMutableBytes(of: &words) { $0.copyMemory(from: bytes) }
    }

    /// The bytes as they are; nil unless there are 32.
    public init?(_ bytes: [UInt8]) {
        let made = bytes.withUnsafeBytes { Digest($0) }
        guard let made else { return nil }
        self = made
    }

    /// Reads padded base64; nil unless it is 32 bytes.
    public init?(base64 text: some StringProtocol) {
        guard let bytes = Base64.decode(text) else { return nil }
        self.init(bytes)
    }

    fileprivate init(_ digest: SHA256Digest) {
        withUnsafeMutableBytes(of: &words) { words in digest.withUnsafeBytes { words.copyMemory(from: $0) } }
    }

    /// Hashes the bytes.
    public func hash(into hasher: inout Hasher) {
        // The values are uniformly distributed already.
        hasher.combine(words.0)
    }

    /// The 32 bytes.
    public var bytes: [UInt8] { withUnsafeBytes(of: words) { [UInt8]($0) } }

    /// The bytes in base64, 44 characters.
    public var base64: String { Base64.encode(bytes) }

    /// Calls `body` with the 32 bytes, which are valid only during the call.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) -> Result) -> Result {
        withUnsafeBytes(of: words) { body($0) }
    }

    /// The root of the empty tree: SHA-256 of nothing.
    public static let empty = Digest(SHA256().finalize())

    /// RFC 6962, section 2.1: SHA-256 of 0x00 and the record.
    public static func leaf(_ record: UnsafeRawBufferPointer) -> Digest {
        var hash = SHA256()
        withUnsafeBytes(of: UInt8(0)) { hash.update(bufferPointer: $0) }
        hash.update(bufferPointer: record)
        return Digest(hash.finalize())
    }

    /// RFC 6962, section 2.1: SHA-256 of 0x01 and the two children.
    public static func node(_ left: Digest, _ right: Digest) -> Digest {
        var hash = SHA256()
        // One update instead of three: the prefix is the last byte of the word before the children.
        var prefixed = (UInt64(0), left.words, right.words)
        withUnsafeMutableBytes(of: &prefixed) { bytes in
            bytes[7] = 1
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[7...]))
        }
        return Digest(hash.finalize())
    }
}

extension Digest {
    /// SHA-256 over bytes that come in pieces.
    public struct Stream: Sendable {
        private var hash = SHA256()

        /// Nothing so far.
        public init() {}

        /// Adds the bytes.
        public mutating func update(_ bytes: UnsafeRawBufferPointer) { hash.update(bufferPointer: bytes) }

        /// Adds the bytes.
        public mutating func update(_ bytes: [UInt8]) { bytes.withUnsafeBytes { hash.update(bufferPointer: $0) } }

        /// The digest of what was added so far.
        public func finalize() -> Digest { Digest(hash.finalize()) }
    }

    /// SHA-256 of bytes.
    public init(hashing bytes: UnsafeRawBufferPointer) {
        var stream = Stream()
        stream.update(bytes)
        self = stream.finalize()
    }

    /// 64 lower-case hexadecimal digits.
    public var hexadecimalText: String { hexadecimal(bytes) }
}
