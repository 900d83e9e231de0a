internal import Ledger
internal import Metering
internal import NIOCore
internal import Settings
internal import Synchronization

extension Exchange {
    /// Whether the client waits for a word before it sends its body (RFC 9110 section 10.1.1).
    var expectsContinue: Bool { clientMinor == 1 && head?.value(.expect)?.lowercased() == "100-continue" }

    /// Routes the request by its head. A refusal waits for the body's end, so that the connection stays of use.
    func start() {
        guard let head else { return }
        opensWebSocket = head.opensWebSocket
        let table = loopContext.table
        var queryKey: String?
        if let known = loopContext.requestLines.find(head) {
            group = known.group
            path = known.path
            route = known.route
            omitsBody = known.isHead
        } else {
            guard let target = read(requestLine: head) else { return }
            queryKey = target.key
        }
        if table.authenticates {
            guard let caller = authenticate(head, queryKey: queryKey, table) else {
                group = nil
                refusalBeforeBody = Refusal(401, "invalid_key", "The key is missing or not known to this gateway.")
                return
            }
            callerName = caller.name
            if let name = group?.runtime.name, !caller.mayUse(name) {
                group = nil
                refusalBeforeBody = Refusal(403, "group_forbidden", "This key may not use the group \(name).")
                return
            }
        }
        guard let group else {
            refusalBeforeBody = Refusal(404, "unknown_group", "There is no such group on this gateway.")
            return
        }
        if group.runtime.credentials.isEmpty, let queryKey, table.caller(key: queryKey) == nil {
            // The key in the query is the provider's own and passes through.
            query = RequestTarget(head.text(head.second), takesKey: false)?.query
        }
        group.runtime.inFlight.wrappingAdd(1, ordering: .relaxed)
        if loopContext.counters.inFlight.load(ordering: .relaxed) > table.limits.requestsInFlight {
            refusalBeforeBody = Refusal(
                503,
                "overloaded",
                "More than \(table.limits.requestsInFlight) requests are in flight (limits.requests_in_flight).",
                retryAfter: 1
            )
        } else if !loopContext.ledger.isWritable {
            guard table.failurePolicy == .refuse else {
                isUnrecorded = loopContext.ledger.isShortOfSpace
                return
            }
            loopContext.counters.refusedForLedger.wrappingAdd(1, ordering: .relaxed)
            refusalBeforeBody = Refusal(
                503,
                "ledger_unavailable",
                "The ledger cannot be written, so nothing may be spent. The gateway's log says why.",
                retryAfter: 5
            )
        }
    }

    /// Reads what the request line asks for and remembers it where a query does not make it one of a kind; nil, with a
    /// refusal, when nothing is proxied there.
    private func read(requestLine head: MessageHead) -> RequestTarget? {
        let method = head.text(head.first)
        omitsBody = method == "HEAD"
        guard method != "TRACE", method != "CONNECT" else {
            // The answer of one is the request as the upstream got it, with the provider's key; that of the other a tunnel.
            path = Self.storedPath(head.text(head.second).prefix { $0 != "?" })
            refusalBeforeBody = Refusal(405, "method_not_allowed", "\(method) is not proxied.")
            return nil
        }
        let text = head.text(head.second)
        guard text.utf8.count == head.second.count, !text.unicodeScalars.contains("\u{FFFD}") else {
            // What is no text could not be passed on as the bytes it was.
            path = Self.storedPath(text.prefix { $0 != "?" })
            refusalBeforeBody = Refusal(400, "malformed_request", "The target has bytes that are not UTF-8.")
            return nil
        }
        guard let target = RequestTarget(text) else {
            path = Self.storedPath(text.prefix { $0 != "?" })
            refusalBeforeBody = Refusal(404, "not_proxied", "Only /proxy/{group}/... is proxied here.")
            return nil
        }
        path = target.path
        query = target.query
        group = loopContext.group(named: target.group)
        if target.hasDotSegment, group?.runtime.upstreams.contains(where: { !$0.basePath.isEmpty }) ?? false {
            group = nil
            refusalBeforeBody = Refusal(400, "path_not_allowed", "The path would leave the upstream's own (. or ..).")
            return nil
        }
        let dialect = group?.runtime.dialect ?? .auto
        route = Route(method: method, path: path, query: query, hint: dialect)
        if let group, query == nil, target.key == nil {
            loopContext.requestLines.store(head, group: group, path: path, route: route, isHead: omitsBody)
        }
        return target
    }

    /// The beginning of a path that is good enough for an event: nobody's choice of paths may fill the ledger.
    static func storedPath(_ path: some StringProtocol) -> String {
        String(decoding: path.utf8.prefix(256), as: UTF8.self)
    }

    /// Takes a piece of the request's body; false when the body is too long.
    func collect(_ data: ByteBuffer, isLast: Bool) -> Bool {
        requestBytes += data.readableBytes
        guard requestBytes <= loopContext.table.limits.requestBody else { return false }
        guard refusalBeforeBody == nil else { return true }
        if upload != nil {
            passUp(data, isLast: isLast)
            return true
        }
        if body == nil {
            body = data
            if !isLast, let head, case .length(let length) = head.framing {
                body?.reserveCapacity(min(length, 1024 * 1024))
            }
        } else {
            body?.writeImmutableBuffer(data)
        }
        return true
    }

    /// The whole request is here: looks into its body, edits what the rules ask for, and sends it on.
    func requestComplete() {
        guard phase == .receiving, upload == nil else { return }
        if let refusal = refusalBeforeBody {
            refuse(refusal, keepsAlive: keepsClientAlive)
            return
        }
        guard let head, let group else { return }
        if route.inspectsBody, let body {
            let contentType = head.value(.contentType)
            // In several fields the codings are a list, as in one.
            let isCodedTwice = head.fields.count { $0.known == .contentEncoding } > 1
            let contentEncoding = isCodedTwice ? "several" : head.value(.contentEncoding)
            facts = body.withUnsafeReadableBytes {
                RequestFacts(
                    scanning: $0,
                    route: route,
                    contentType: contentType,
                    contentEncoding: contentEncoding
                )
            }
        }
        prepareAttempts(group.runtime)
        if let refusal = refusalBeforeBody {
            refuse(refusal, keepsAlive: keepsClientAlive)
        } else {
            startAttempt()
        }
    }

    /// Settles which model is asked for, and edits what the rules ask for.
    func prepareAttempts(_ group: GroupRuntime) {
        modelRequested = route.model ?? facts.model
        modelSent = modelRequested
        applyRules(group)
    }

    /// Redirects the model and asks for usage, each as an edit of the bytes concerned and no others.
    private func applyRules(_ group: GroupRuntime) {
        var edits: [BodyEdit] = []
        if let model = modelRequested, let redirect = group.modelRedirects[model] {
            if let range = facts.modelRange {
                edits.append(
                    BodyEdit(range: range, replacement: facts.isForm ? Array(redirect.utf8) : redirect.jsonEscaped)
                )
                modelSent = redirect
            } else if route.model != nil, let range = path.range(ofPathModel: model) {
                path.replaceSubrange(range, with: redirect.pathEncoded)
                modelSent = redirect
            } else if opensWebSocket {
                redirectQuery(model, to: redirect)
            }
            if modelSent != redirect {
                // Sent as it is, the request would go to a model that the operator has taken out of use.
                refusalBeforeBody = Refusal(
                    415,
                    "redirect_impossible",
                    "\(model) is redirected here, but the request's body cannot be edited: it is compressed, or spells "
                        + "the name with escapes. Send it plain, or name \(redirect)."
                )
            }
        }
        if modelRequested == nil, facts.isOpaque, route.operation.isMetered, !group.modelRedirects.isEmpty {
            refusalBeforeBody = Refusal(
                415,
                "redirect_impossible",
                "Models are redirected here, but the model that the request's body names cannot be read. Send it as plain JSON."
            )
        }
        if group.asksUsage, let edit = facts.usageInsertion {
            edits.append(edit)
            hidesUsageChunk = true
        }
        if !edits.isEmpty { body = body?.applying(edits) }
    }

    /// Puts a redirect's model in the place of the one that a websocket's query names.
    private func redirectQuery(_ model: String, to redirect: String) {
        let names = ["model", "deployment"]
        query = query?.split(separator: "&", omittingEmptySubsequences: false).map { pair in
            let parts = pair.split(separator: "=", maxSplits: 1)
            guard parts.count == 2, names.contains(String(parts[0])), RequestTarget.percentDecoded(parts[1]) == model
            else { return String(pair) }
            modelSent = redirect
            return parts[0] + "=" + redirect.percentEncoded
        }.joined(separator: "&")
    }

    /// Finds the caller's key and remembers each place where one stands.
    private func authenticate(_ head: MessageHead, queryKey: String?, _ table: RoutingTable) -> RoutingTable.Caller? {
        var caller = queryKey.flatMap { table.caller(key: $0) }
        for field in head.fields {
            let key: String
            switch field.known {
            case .authorization:
                let value = head.text(field.value)
                guard value.count > 7, value.prefix(7).lowercased() == "bearer " else { continue }
                key = String(value.dropFirst(7).drop { $0 == " " })
            case .apiKey, .googleAPIKey, .azureAPIKey: key = head.text(field.value)
            case .webSocketProtocol:
                guard let found = head.protocolKey(field) else { continue }
                key = found
            default: continue
            }
            if let found = table.caller(key: key) {
                caller = caller ?? found
                callerKeyPlaces.append(field.known)
            }
        }
        return caller
    }
}

extension String {
    /// The text as it may stand between the quotes of a JSON string.
    var jsonEscaped: [UInt8] {
        utf8.flatMap { byte -> [UInt8] in
            switch byte {
            case 0x22, 0x5C: [0x5C, byte]
            case 0..<0x20: Array("\\u00\(byte < 16 ? "0" : "")\(String(byte, radix: 16))".utf8)
            default: [byte]
            }
        }
    }

    /// The text as a segment of a path: what has a meaning of its own there is encoded (RFC 3986 section 3.3).
    var pathEncoded: String { encoded { "!$&'()*+,;=:@".utf8.contains($0) } }

    /// The text as it stands in a query: all but letters, digits and `-._~` percent-encoded (RFC 3986 section 2.3).
    var percentEncoded: String { encoded { _ in false } }

    private func encoded(_ isPlain: (UInt8) -> Bool) -> String {
        var result = ""
        for byte in utf8 {
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F, 0x7E:
                result.unicodeScalars.append(Unicode.Scalar(byte))
            case _ where isPlain(byte): result.unicodeScalars.append(Unicode.Scalar(byte))
            default: result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    /// Where a model's name stands in a path: between a slash and the end, a colon or another slash.
    func range(ofPathModel model: String) -> Range<String.Index>? {
        var start = startIndex
        while let slash = self[start...].firstIndex(of: "/") {
            let nameStart = index(after: slash)
            if self[nameStart...].hasPrefix(model) {
                let end = index(nameStart, offsetBy: model.count)
                if end == endIndex || self[end] == ":" || self[end] == "/" { return nameStart..<end }
            }
            start = nameStart
        }
        return nil
    }
}

extension ByteBuffer {
    /// The bytes with some ranges, counted from the reader's position, replaced; nil when a range does not fit.
    func applying(_ edits: [BodyEdit]) -> ByteBuffer? {
        let ordered = edits.sorted { $0.range.lowerBound < $1.range.lowerBound }
        let growth = edits.reduce(0) { $0 + $1.replacement.count }
        var result = ByteBufferAllocator().buffer(capacity: readableBytes + growth)
        var position = 0
        for edit in ordered {
            guard edit.range.lowerBound >= position, edit.range.upperBound <= readableBytes else { return nil }
            result.writeImmutableBuffer(slice(from: position, to: edit.range.lowerBound))
            result.writeBytes(edit.replacement)
            position = edit.range.upperBound
        }
        result.writeImmutableBuffer(slice(from: position, to: readableBytes))
        return result
    }

    private func slice(from start: Int, to end: Int) -> ByteBuffer {
        getSlice(at: readerIndex + start, length: end - start) ?? ByteBuffer()
    }
}
