/// The versions of the stored form and the text that each is bound to by `schema.adopted`.
public enum Schema {
    /// The version that this program writes.
    public static let current: UInt8 = 1

    /// The description of the current version, whose SHA-256 stands in `schema.adopted`.
    ///
    /// It states the layout exactly; a change of the layout is a change of this text and of the version.
    public static let text = """
        tollgate events, schema version 1
        record: version u8 (1), kind u8, body; numbers LEB128 (u), zigzag LEB128 (s), little-endian fixed (f16, f64),
        string: length u, UTF-8; bytes: length u, octets; id: 16 octets; time: f64, microseconds since 1970 UTC
        1 schema.adopted: time, version u8, hash bytes
        2 pricebook.adopted: time, revision u, hash bytes, origin string, book bytes
        3 node.started: time, program string
        4 node.stopped: time, reason string
        5 request.started: id, time, operation u8, group, client, provider, model strings
        6 request.completed: id, time, profile bytes, mask f16, total s, [1] first byte s, upstream s, request s,
          response s, source u8, units, cost state u8, picodollars s, book u, [4] row u, attempts u *, [8] reported
          total s, [16] tier string, [32] speed string, [64] region string, [128] provider picodollars s, [256]
          additional u * (u8 named, model string, units), path u (0: string, else table), [512] response id string,
          [1024] raw bytes (dictionary coding 1); [2] usage complete
          profile: mask u8, operation u8, dialect u8, outcome u8, status f16, group, client, [not 2] provider,
          [4] requested, [8] sent, [16] sent is requested, [32] reported, [64] error; [1] stream
          units: mask u, a count u for each set bit in ascending order
          attempt: mask u8, upstream string, [1] key f64, [2] key string, [4] status f16, [8] failure u8, duration s
        7 request.interrupted: body of request.started, time
        8 config.changed: time, hash bytes, summary string
        9 history.truncated: time, first u, last u
        10 ledger.gap: time, since f64, requests u

        """

    /// SHA-256 of ``text``.
    public static let hash: [UInt8] = SHA256.hash(Array(text.utf8))

    /// The event that binds a ledger to the current version.
    public static func adopted(time: Int64) -> SchemaAdopted {
        SchemaAdopted(time: time, version: current, hash: hash)
    }

    /// Checks a `schema.adopted` read from a ledger against what this program knows.
    ///
    /// Throws when a newer Tollgate wrote it, or when the same version is bound to another text.
    public static func check(_ adopted: SchemaAdopted) throws(EventError) {
        guard adopted.version <= current else { throw .newer(adopted.version) }
        guard adopted.version != current || adopted.hash == hash else {
            throw EventError(
                .newerSchema,
                "the ledger binds schema version \(adopted.version) to the text \(hexText(adopted.hash)), this program to "
                    + "\(hexText(hash)): an unreleased or altered build wrote it; read it with that build"
            )
        }
    }
}

/// Steps that bring records of older schema versions to a newer one, one version at a time.
public struct Upcasters: Sendable {
    /// A step from version n to n + 1: the whole record, its version byte included.
    public typealias Step = @Sendable ([UInt8]) throws(EventError) -> [UInt8]

    /// The steps by the version they start from.
    public var steps: [UInt8: Step]
    /// The version to reach.
    public var target: UInt8

    /// A table of steps.
    public init(steps: [UInt8: Step], target: UInt8) {
        self.steps = steps
        self.target = target
    }

    /// The released steps; version 1 is the first, so there are none yet.
    public static let standard = Upcasters(steps: [:], target: Schema.current)

    /// The record at the target version; throws when a step is missing, does not lead to the next version, or the record
    /// is newer than the target.
    public func upcast(_ record: [UInt8]) throws(EventError) -> [UInt8] {
        var record = record
        guard var version = record.first else { throw .malformed("an event") }
        guard version <= target else { throw .newer(version) }
        while version < target {
            guard let step = steps[version] else {
                throw EventError(
                    .missingUpcaster,
                    "no upcaster leads from schema version \(version) to \(version + 1): read this ledger with the version of "
                        + "Tollgate that wrote it"
                )
            }
            record = try step(record)
            guard record.first == version + 1 else {
                throw .malformed("schema version \(version), after its upcaster,")
            }
            version += 1
        }
        return record
    }
}
