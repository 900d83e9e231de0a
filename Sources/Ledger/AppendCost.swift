internal import LevelDB

/// What a record costs between its encoding and the disk, for the bench.
package enum AppendCost {
    /// Numbers and hashes the records and puts them into batches of 100, just as the writer does, and stores nothing.
    ///
    /// - Returns: The bytes that would have been stored.
    package static func run(_ records: [[UInt8]]) throws -> Int {
        var tree = MerkleTree()
        var batch = try WriteBatch()
        var key = [UInt8](repeating: 0, count: Keys.tileLength)
        key[0] = Keys.recordPrefix
        key[Keys.recordLength] = 1
        var bytes = 0
        for record in records {
            record.withUnsafeBytes { record in
                let fillsTile = tree.append(Digest.leaf(record))
                key.withUnsafeMutableBytes { key in
                    key.storeBytes(of: tree.size.bigEndian, toByteOffset: 1, as: UInt64.self)
                    batch.put(UnsafeRawBufferPointer(rebasing: key[..<Keys.recordLength]), record)
                    if fillsTile { tree.tileRow.bytes.withUnsafeBytes { batch.put(UnsafeRawBufferPointer(key), $0) } }
                }
            }
            if tree.size % 100 == 0 {
                bytes += batch.byteCount
                batch.removeAll()
            }
        }
        return bytes + batch.byteCount
    }
}
