/// What the management side answers: a status and a body that is pulled piece by piece, so that a slow reader
/// slows the producer down and nothing piles up.
public struct ManagementAnswer: Sendable {
    /// The next piece, nil at the end. Called by one task at a time.
    public typealias Source = @Sendable () async throws -> [UInt8]?

    /// The body.
    public enum Body: Sendable {
        case whole([UInt8])
        case pieces(Source)
    }

    /// The HTTP status.
    public var status: Int
    /// The media type of the body.
    public var contentType: String
    /// Further headers, by lower-case name.
    public var headers: [String: String]
    /// The body.
    public var body: Body
    /// Called when whoever asked has gone away, which the source of a body cannot see while it has nothing to give.
    public var abandoned: (@Sendable () -> Void)?

    /// An answer.
    public init(status: Int = 200, contentType: String, headers: [String: String] = [:], body: Body) {
        self.status = status
        self.contentType = contentType
        self.headers = headers
        self.body = body
    }

    /// An answer of NDJSON lines, each with its newline, as they come.
    init(lines: AsyncStream<[UInt8]>) {
        self.init(
            contentType: MediaType.lines,
            body: .pieces {
                for await line in lines { return line }
                return nil
            }
        )
    }

    /// An answer of text.
    public static func text(
        _ text: String,
        status: Int = 200,
        contentType: String = MediaType.text
    ) -> ManagementAnswer {
        ManagementAnswer(status: status, contentType: contentType, body: .whole(Array(text.utf8)))
    }

    /// The answer that tells of an error, as JSON: `{"error":{"code":...,"message":...}}`.
    public static func refusal(_ error: ManagementError) -> ManagementAnswer {
        var json = JSONWriter()
        json.object { json in
            json.field("error") { json in
                json.object { json in
                    json.field("code", error.code.rawValue)
                    json.field("message", error.message)
                }
            }
        }
        var answer = ManagementAnswer(
            status: error.code.status,
            contentType: MediaType.json,
            body: .whole(json.bytes + [0x0a])
        )
        if error.code == .unauthorized { answer.headers["www-authenticate"] = "Bearer" }
        return answer
    }
}

/// The media types that the management side speaks.
public enum MediaType {
    /// Text for a person.
    public static let text = "text/plain; charset=utf-8"
    /// One JSON value.
    public static let json = "application/json"
    /// NDJSON: one JSON value a line.
    public static let lines = "application/x-ndjson"
    /// RFC 4180.
    public static let csv = "text/csv; charset=utf-8"
    /// Markdown.
    public static let markdown = "text/markdown; charset=utf-8"
    /// A page.
    public static let html = "text/html; charset=utf-8"
}
