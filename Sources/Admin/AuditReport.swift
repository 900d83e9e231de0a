import Events
public import Ledger
public import Views

/// The result of a verification, in words and as JSON.
public struct AuditReport: Sendable {
    /// What does not hold; nil when everything does.
    public var failure: AuditFailure?
    /// What was verified, for a person: names and values in the order in which they are shown.
    public var facts: [(name: String, value: Value)] = []

    /// A fact's value.
    public enum Value: Sendable {
        case text(String)
        case number(UInt64)
        case seconds(Double)
        case flag(Bool)
        /// JSON text.
        case json(String)
    }

    /// A failure before anything was found out.
    public init(kind: String, failure: AuditFailure) {
        self.failure = failure
        facts = [("kind", .text(kind))]
    }

    /// The audit of a whole ledger.
    public init(ledger audit: LedgerAudit, origin: String, key: String, elapsed: Duration) {
        failure = audit.failure
        facts = [
            ("kind", .text("ledger")), ("origin", .text(origin)), ("key", .text(key)),
            ("records", .number(audit.records)),
        ]
        if let head = audit.head {
            facts.append(("root", .text(Digest(head.root)?.base64 ?? "")))
        }
        if let size = audit.checkpointSize { facts.append(("checkpoint_size", .number(size))) }
        facts.append(("seconds", .seconds(Self.seconds(elapsed))))
    }

    /// The verification of an export.
    public init(export audit: ExportAudit, isKeyGiven: Bool, elapsed: Duration) {
        facts = [
            ("kind", .text("export")), ("origin", .text(audit.origin)), ("key", .text(audit.key)),
            ("key_given", .flag(isKeyGiven)), ("from", .number(audit.from)), ("through", .number(audit.through)),
            ("events", .number(audit.events)), ("omitted", .number(audit.omitted)), ("bytes", .number(audit.bytes)),
            ("root", .text(audit.checkpoint.root.base64)), ("checkpoint_size", .number(audit.checkpoint.size)),
            ("seconds", .seconds(Self.seconds(elapsed))),
        ]
    }

    /// The verification of exports that go on from one another; nil for none.
    public init?(segments: [ExportAudit], isKeyGiven: Bool, elapsed: Duration) {
        guard let first = segments.first, let last = segments.last else { return nil }
        self.init(export: last, isKeyGiven: isKeyGiven, elapsed: elapsed)
        let sums: [String: Value] = [
            "kind": .text("segments"), "from": .number(first.from),
            "events": .number(segments.reduce(0) { $0 + $1.events }),
            "omitted": .number(segments.reduce(0) { $0 + $1.omitted }),
            "bytes": .number(segments.reduce(0) { $0 + $1.bytes }),
        ]
        facts = facts.map { ($0.name, sums[$0.name] ?? $0.value) }
        facts.insert(("files", .number(UInt64(segments.count))), at: 1)
    }

    /// A verified proof.
    public init(proven: Proven) {
        switch proven {
        case .included(let sequence, let record, let checkpoint):
            facts = [
                ("kind", .text("inclusion")), ("origin", .text(checkpoint.origin)), ("sequence", .number(sequence)),
                ("record_bytes", .number(UInt64(record.count))),
            ]
            facts += Self.facts(checkpoint)
            if let json = try? EventJSON.render(record: record, sequence: sequence) {
                facts.append(("event", .json(String(decoding: json, as: UTF8.self))))
            }
        case .consistent(let old, let new):
            facts = [
                ("kind", .text("consistency")), ("origin", .text(new.origin)), ("from_size", .number(old.size)),
                ("from_root", .text(old.root.base64)),
            ]
            facts += Self.facts(new)
        }
    }

    /// A signed checkpoint alone.
    public init(checkpoint: Checkpoint) {
        facts = [("kind", .text("checkpoint")), ("origin", .text(checkpoint.origin))] + Self.facts(checkpoint)
    }

    /// Reads what `json` wrote; nil when it is something else.
    public init?(json bytes: [UInt8]) {
        guard let node = JSONNode(bytes), case .object(let members) = node,
            case .bool(let isVerified)? = node["verified"]
        else { return nil }
        for (name, value) in members {
            switch value {
            case .string(let text): facts.append((name, .text(text)))
            case .number(let text):
                if let number = UInt64(text) {
                    facts.append((name, .number(number)))
                } else if let seconds = Double(text) {
                    facts.append((name, .seconds(seconds)))
                }
            case .bool(let flag) where name != "verified": facts.append((name, .flag(flag)))
            default: break
            }
        }
        guard !isVerified else { return }
        let told = node["failure"]
        var sequences: ClosedRange<UInt64>?
        if let first = told?["first"]?.whole, let last = told?["last"]?.whole, first <= last {
            sequences = first...last
        }
        failure = AuditFailure(
            told?["kind"]?.text.flatMap { AuditFailure.Kind(rawValue: $0) } ?? .malformed,
            told?["message"]?.text ?? "it did not hold",
            at: sequences
        )
    }

    private static func facts(_ checkpoint: Checkpoint) -> [(name: String, value: Value)] {
        [("root", .text(checkpoint.root.base64)), ("checkpoint_size", .number(checkpoint.size))]
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    /// One line of JSON with its newline.
    public var json: [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.field("verified", failure == nil)
            for (name, value) in facts {
                switch value {
                case .text(let text): json.field(name, text)
                case .number(let number): json.field(name, number)
                case .flag(let flag): json.field(name, flag)
                case .json(let text): json.field(name) { $0.raw(text) }
                case .seconds(let seconds):
                    let thousandths = UInt64(max(0, min(seconds, 1e12)) * 1_000)
                    json.field(name) {
                        $0.raw("\(thousandths / 1_000).\(String(thousandths % 1_000 + 1_000).dropFirst())")
                    }
                }
            }
            json.field("failure") { json in
                guard let failure else {
                    json.value(nil)
                    return
                }
                json.object { json in
                    json.field("kind", failure.kind.rawValue)
                    json.field("message", failure.message)
                    if let sequences = failure.sequences {
                        json.field("first", sequences.lowerBound)
                        json.field("last", sequences.upperBound)
                    }
                }
            }
        }
        return json.bytes + [0x0a]
    }
}
