/// The versions of the stored form and the text that each is bound to by `schema.adopted`.
///
/// A `schema.adopted` carries the version that it adopts, and so do all records behind it up to the next one. Stored
/// records are never rewritten: older ones are read by their own layout, or brought to the current one by ``Upcasters``.
public enum Schema {
    /// The first version that was released.
    public static let first: UInt8 = 1
    /// The version that this program writes.
    public static let current: UInt8 = 2

    /// The layout of a version, exactly; nil when this program does not know it.
    ///
    /// A change of the layout is a new text of a new version.
    public static func text(_ version: UInt8) -> String? {
        version >= first && Int(version - first) < texts.count ? texts[Int(version - first)] : nil
    }

    /// SHA-256 of a version's text, which stands in its `schema.adopted`; nil when this program does not know it.
    public static func hash(_ version: UInt8) -> [UInt8]? {
        version >= first && Int(version - first) < hashes.count ? hashes[Int(version - first)] : nil
    }

    private static let hashes = texts.map { SHA256.hash(Array($0.utf8)) }

    /// The event that binds a ledger to the current version.
    public static func adopted(time: Int64) -> SchemaAdopted {
        SchemaAdopted(time: time, version: current, hash: hash(current) ?? [])
    }

    /// Checks a `schema.adopted` read from a ledger against what a program knows.
    ///
    /// - Parameter newest: the newest version that the program knows.
    ///
    /// Throws when a newer Tollgate wrote it, or when the same version is bound to another text.
    public static func check(_ adopted: SchemaAdopted, newest: UInt8 = current) throws(EventError) {
        guard adopted.version <= newest else { throw .newer(adopted.version, than: newest) }
        guard let known = hash(adopted.version) else { throw .noUpcaster(from: adopted.version) }
        guard adopted.hash == known else {
            throw EventError(
                .newerSchema,
                "the ledger binds schema version \(adopted.version) to the text \(hexText(adopted.hash)), this program to "
                    + "\(hexText(known)): an unreleased or altered build wrote it; read it with that build"
            )
        }
    }

    /// The version that records behind a record carry, by what was so before; throws when the two do not fit together.
    ///
    /// - Parameters:
    ///   - record: the version byte of a record.
    ///   - marker: the version in the record, when it is a `schema.adopted`.
    ///   - epoch: the version so far; 0 where that is not known, at the beginning and behind events that are lost, which
    ///     may have been a `schema.adopted`: then the record tells it.
    public static func epoch(
        record: UInt8,
        marker: UInt8? = nil,
        after epoch: UInt8
    ) throws(EventError) -> UInt8 {
        if let marker {
            guard marker == record, marker > epoch else {
                throw EventError(
                    .contradiction,
                    "a schema.adopted names version \(marker), carries version \(record) and follows version \(epoch): the "
                        + "ledger was not written so; run `tollgate verify`"
                )
            }
            return marker
        }
        guard record == epoch || epoch == 0 else {
            throw EventError(
                .contradiction,
                "the record carries schema version \(record), but the last schema.adopted before it says \(epoch): the "
                    + "ledger was not written so; run `tollgate verify`"
            )
        }
        return record
    }
}
