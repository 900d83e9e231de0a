/// The layout of the ledger's LevelDB. Keys only ever increase, so table files move down without being rewritten.
///
/// `00` holds the format and the origin. `01` and the big-endian sequence hold a record; the same with a further byte
/// `01` holds the tree's row at that size, and sorts between the record and its successor.
enum Keys {
    static let meta: [UInt8] = [0x00]
    static let recordPrefix: UInt8 = 0x01
    static let afterRecords: [UInt8] = [0x02]
    static let recordLength = 9
    static let tileLength = 10

    static func record(_ sequence: UInt64) -> [UInt8] {
        [recordPrefix] + withUnsafeBytes(of: sequence.bigEndian) { [UInt8]($0) }
    }

    static func tile(_ size: UInt64) -> [UInt8] { record(size) + [0x01] }

    /// The sequence in the key of a record or a tile row, else nil.
    static func sequence(_ key: UnsafeRawBufferPointer) -> UInt64? {
        guard key.count == recordLength || key.count == tileLength, key[0] == recordPrefix else { return nil }
        return UInt64(bigEndian: key.loadUnaligned(fromByteOffset: 1, as: UInt64.self))
    }
}
