import Events

/// Which schema versions a ledger holds: a pass over it that looks at two bytes of each record.
///
/// It also reads a ledger of which this program does not know all versions.
public struct SchemaSurvey: Equatable, Sendable {
    /// What there is of one version.
    public struct Version: Equatable, Sendable {
        /// The version.
        public var version: UInt8
        /// The sequence of the `schema.adopted` that begins it; nil when it has none.
        public var marker: UInt64?
        /// SHA-256 of the text that the `schema.adopted` names; empty when that is not known.
        public var hash: [UInt8] = []
        /// True when this program reads the version, and by the same text.
        public var isKnown: Bool
        /// The first record.
        public var first: UInt64
        /// The last record.
        public var last: UInt64
        /// Records by the number of their kind.
        public var kinds: [UInt8: UInt64] = [:]

        /// All records of the version.
        public var records: UInt64 { kinds.values.reduce(0, +) }
    }

    /// The versions, in order of their first record.
    public private(set) var versions: [Version] = []
    /// Records whose version is not the one that the last `schema.adopted` before them names.
    public private(set) var contradictions: UInt64 = 0
    /// The first of those.
    public private(set) var firstContradiction: UInt64?

    /// Looks through the records up to `through`, on the calling thread.
    public init(_ source: any RecordSource, through: UInt64) throws(ViewError) {
        guard through > 0 else { return }
        var survey = self
        var epoch: UInt8 = 0
        // The records of a version are nearly always in one run, so its counts are kept at hand.
        var run = Run()
        try ViewEngine.scan(source, from: 1, through: through) { sequence, record throws(ViewError) in
            guard record.count >= 2 else {
                throw ViewError(.unreadableRecord, "event \(sequence) is no record: it has \(record.count) bytes")
            }
            let isMarker = record[1] == EventKind.schemaAdopted.rawValue
            if record[1] == EventKind.historyTruncated.rawValue {
                epoch = 0
            } else if isMarker || record[0] != epoch {
                survey.enter(sequence, record, &epoch)
            }
            if record[0] != run.version || run.first == 0 {
                survey.take(&run)
                run = Run(version: record[0], first: sequence)
            }
            run.last = sequence
            run.kinds[Int(record[1])] &+= 1
            return true
        }
        survey.take(&run)
        self = survey
    }

    private struct Run {
        var version: UInt8 = 0
        var first: UInt64 = 0
        var last: UInt64 = 0
        var kinds = [UInt64](repeating: 0, count: 256)
    }

    private mutating func take(_ run: inout Run) {
        guard run.first > 0 else { return }
        let index = place(of: run.version, first: run.first)
        versions[index].last = run.last
        for (kind, count) in run.kinds.enumerated() where count > 0 {
            versions[index].kinds[UInt8(kind), default: 0] += count
        }
    }

    private mutating func place(of version: UInt8, first: UInt64) -> Int {
        if let index = versions.firstIndex(where: { $0.version == version }) { return index }
        let isKnown = Schema.text(version) != nil
        versions.append(Version(version: version, isKnown: isKnown, first: first, last: first))
        return versions.count - 1
    }

    private mutating func enter(_ sequence: UInt64, _ record: UnsafeRawBufferPointer, _ epoch: inout UInt8) {
        var named: UInt8?
        if record[1] == EventKind.schemaAdopted.rawValue {
            named = record[0]
            let index = place(of: record[0], first: sequence)
            if versions[index].marker == nil { versions[index].marker = sequence }
            if let event = try? EventCodec.decode(record), case .schemaAdopted(let adopted) = event {
                named = adopted.version
                versions[index].hash = adopted.hash
                versions[index].isKnown = Schema.hash(record[0]) == adopted.hash
            }
        }
        do throws(EventError) {
            epoch = try Schema.epoch(record: record[0], marker: named, after: epoch)
        } catch {
            contradictions += 1
            if firstContradiction == nil { firstContradiction = sequence }
        }
    }
}
