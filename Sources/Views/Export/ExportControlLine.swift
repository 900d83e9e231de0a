internal import Events
internal import Ledger

/// Writes the lines of a verifiable export that are not events; ``ExportLines`` reads them.
enum ExportControlLine {
    /// The first line. `through` is nil where the export goes on with what will come.
    static func manifest(
        _ export: Export,
        through: UInt64?,
        origin: String,
        key: String,
        left: CompactRange,
        epochs: ExportEpochs
    ) -> [UInt8] {
        line("export.manifest") { json in
            json.key("version")
            json.number(1)
            json.key("origin")
            json.string(origin)
            json.key("key")
            json.string(key)
            json.key("from")
            json.number(export.from)
            json.key("through")
            json.number(ifPresent: through)
            json.key("tree_size")
            json.number(ifPresent: through)
            json.key("segment")
            json.number(Export.segment)
            json.key("left")
            hashes(left, &json)
            json.key("schemas")
            write(epochs.schemas, "version", &json)
            json.key("price_books")
            write(epochs.books, "revision", &json)
            json.key("filter")
            export.filter.write(&json)
        }
    }

    /// A run that the filter left out.
    static func omitted(_ run: CompactRange) -> [UInt8] {
        line("export.omitted") { json in
            json.key("from")
            json.number(run.begin + 1)
            json.key("through")
            json.number(run.end)
            json.key("nodes")
            hashes(run, &json)
        }
    }

    /// The last line; `digest` is of all bytes before it.
    static func trailer(
        events: UInt64,
        omitted: UInt64,
        digest: Digest,
        root: Digest,
        checkpoint: String
    ) -> [UInt8] {
        line("export.trailer") { json in
            json.key("events")
            json.number(events)
            json.key("omitted")
            json.number(omitted)
            json.key("sha256")
            json.string(digest.hexadecimalText)
            json.key("root")
            json.string(root.base64)
            json.key("checkpoint")
            json.string(checkpoint)
        }
    }

    private static func line(_ type: String, _ fields: (inout JSONText) -> Void) -> [UInt8] {
        var json = JSONText(capacity: 1024)
        json.object { json in
            json.key("type")
            json.string(type)
            fields(&json)
        }
        json.append(0x0a)
        return json.bytes
    }

    private static func hashes(_ range: CompactRange, _ json: inout JSONText) {
        json.array { json in for node in range.nodes { json.string(node.base64) } }
    }

    private static func write(_ epochs: [ExportEpochs.Epoch], _ name: StaticString, _ json: inout JSONText) {
        json.array { json in
            for epoch in epochs {
                json.object { json in
                    json.key("first")
                    json.number(epoch.first)
                    json.key(name)
                    json.number(epoch.number)
                    json.key("hash")
                    json.string(hexText(epoch.hash))
                }
            }
        }
    }
}
