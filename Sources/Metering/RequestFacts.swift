/// A change of a body that leaves all other bytes as they are.
public struct BodyEdit: Sendable, Equatable {
    /// The bytes to replace; empty for an insertion.
    public var range: Range<Int>
    /// What stands there instead.
    public var replacement: [UInt8]

    /// An edit of a range.
    public init(range: Range<Int>, replacement: [UInt8]) {
        self.range = range
        self.replacement = replacement
    }
}

/// What the body of a request says about how to forward and meter it.
public struct RequestFacts: Sendable, Equatable {
    /// The model that the body names, at most 256 bytes.
    public var model: String?
    /// Whether the body asks for a stream; nil when it does not say.
    public var stream: Bool?
    /// True when the body asks to keep the answer for reading it again.
    public var isStored = false
    /// `stream_options.include_usage` as stated; nil when absent.
    public var asksUsage: Bool?
    /// The bytes of the model's string content, between its quotes, for a redirect in place; nil when it has escapes.
    public var modelRange: Range<Int>?
    /// True when the body is in a coding or a form in which a model could be named that is not seen here.
    public var isOpaque = false
    /// True when the body is a form and no JSON.
    public var isForm = false
    /// The edit that makes an OpenAI-style stream report its usage; nil when it is not needed or not possible.
    public var usageInsertion: BodyEdit?

    /// The longest model name that is kept, in bytes.
    public static let modelLimit = 256

    /// Facts about a request whose body says nothing.
    public init() {}

    /// The most bytes of a compressed body that are decoded.
    private static let decodedLimit = 4 * 1024 * 1024

    /// Reads a JSON object's top level, or the fields of a multipart form.
    ///
    /// A gzip or deflate body is looked into as far as its first 4 MiB, but never edited; one in any other coding says
    /// nothing.
    /// Of duplicate keys the last one counts. A body that is malformed gives the facts found before the fault, without
    /// an edit; nothing in a body can make this fail.
    /// - Complexity: O(n) in the length of the body.
    public init(
        scanning body: UnsafeRawBufferPointer,
        route: Route,
        contentType: String?,
        contentEncoding: String? = nil
    ) {
        guard route.inspectsBody else { return }
        let coding = contentEncoding.withBytes { ContentCoding($0) }
        if coding == .identity {
            read(body, route, contentType)
        } else if coding != .unknown {
            Inflater.decode(body, gzip: coding == .gzip, limit: Self.decodedLimit).withUnsafeBytes {
                read($0, route, contentType)
                if model == nil, $0.isEmpty || $0.count >= Self.decodedLimit { isOpaque = true }
            }
            modelRange = nil
            usageInsertion = nil
        } else {
            isOpaque = true
        }
    }

    private mutating func read(_ body: UnsafeRawBufferPointer, _ route: Route, _ contentType: String?) {
        if let contentType, let boundary = Multipart.boundary(of: contentType) {
            isForm = true
            readForm(Multipart(bytes: body, boundary: boundary))
        } else {
            readObject(JSONSkipper(bytes: body), usageOnRequest: route.usageOnRequest)
        }
    }

    private mutating func readForm(_ form: Multipart) {
        form.forEachField { name, value in
            if name.equals("model"), value.count <= Self.modelLimit, !value.isEmpty {
                model = text(value, limit: Self.modelLimit)
                modelRange = form.range(of: value)
            } else if name.equals("stream") {
                stream = value.equals("true") || value.equals("True") || value.equals("1")
            }
        }
    }

    private mutating func readObject(_ json: JSONSkipper, usageOnRequest: Bool) {
        let start = json.skipSpace(json.bytes.begins("\u{FEFF}") ? 3 : 0)
        var nameValue = 0..<0
        var streamValue = 0..<0
        var optionsValue = 0..<0
        var isEventStream = false
        var isStored = false
        func note(_ key: UnsafeRawBufferPointer, _ value: Range<Int>) {
            switch key.count {
            case 5:
                if key.equals("model") {
                    nameValue = value
                } else if key.equals("store") {
                    isStored = json.bytes.slice(value).equals("true")
                }
            case 6: if key.equals("stream") { streamValue = value }
            case 13: if key.equals("stream_format") { isEventStream = json.bytes.slice(value).equals("\"sse\"") }
            case 14: if key.equals("stream_options") { optionsValue = value }
            default: break
            }
        }
        // No object, nor the list that some ask with: another character set, for instance.
        isOpaque =
            start < json.bytes.count && json.bytes[start] != Ascii.openBrace && json.bytes[start] != Ascii.openBracket
        let end = json.members(of: start) { key, value in
            let name = json.bytes.slice(key)
            // A key that is spelled with escapes is the same key (RFC 8259 section 8.3).
            guard name.hasByte(Ascii.backslash), name.count <= 6 * 14 else { return note(name, value) }
            if let decoded = decodeJSONString(name) { Array(decoded.utf8).withUnsafeBytes { note($0, value) } }
        }
        self.isStored = isStored
        if !nameValue.isEmpty { readModel(json.bytes, nameValue) }
        stream = isEventStream ? true : Self.bool(json.bytes.slice(streamValue))
        let options = optionsValue.isEmpty ? nil : optionsValue
        guard stream == true || options != nil else { return }
        let edit = Self.includeUsage(json, opening: start, options: options, asks: &asksUsage)
        if usageOnRequest, stream == true, asksUsage != true, end != nil { usageInsertion = edit }
    }

    private mutating func readModel(_ body: UnsafeRawBufferPointer, _ value: Range<Int>) {
        guard value.count >= 2, body[value.lowerBound] == Ascii.quote else { return }
        let content = (value.lowerBound + 1)..<(value.upperBound - 1)
        let bytes = body.slice(content)
        guard let name = decodeJSONString(bytes), !name.isEmpty, name.utf8.count <= Self.modelLimit else { return }
        model = name
        if !bytes.hasByte(Ascii.backslash) { modelRange = content }
    }

    private static func bool(_ value: UnsafeRawBufferPointer) -> Bool? {
        if value.equals("true") { return true }
        return value.equals("false") ? false : nil
    }

    private static func includeUsage(
        _ json: JSONSkipper,
        opening: Int,
        options: Range<Int>?,
        asks: inout Bool?
    ) -> BodyEdit? {
        guard let options else {
            let position = opening + 1
            return BodyEdit(
                range: position..<position,
                replacement: Array(#""stream_options":{"include_usage":true},"#.utf8)
            )
        }
        if json.bytes.slice(options).equals("null") {
            return BodyEdit(range: options, replacement: Array(#"{"include_usage":true}"#.utf8))
        }
        var stated: Range<Int>?
        var count = 0
        let end = json.members(of: options.lowerBound) { key, value in
            count += 1
            if json.bytes.slice(key).equals("include_usage") { stated = value }
        }
        guard end != nil else { return nil }
        if let stated {
            asks = bool(json.bytes.slice(stated))
            return BodyEdit(range: stated, replacement: Array("true".utf8))
        }
        let position = options.lowerBound + 1
        return BodyEdit(
            range: position..<position,
            replacement: Array((count == 0 ? #""include_usage":true"# : #""include_usage":true,"#).utf8)
        )
    }
}
