internal import NIOCore

extension MessageHead {
    /// Whether a request asks for a websocket (RFC 6455 section 4.1). What only resembles one is an ordinary request.
    package var opensWebSocket: Bool {
        guard !connectionOptions.isEmpty, minorVersion == 1, framing == .none else { return false }
        return namesWebSocket && text(first) == "GET"
    }

    /// Whether an answer opens the websocket that was asked for (RFC 6455 section 4.2.2).
    package var acceptsWebSocket: Bool { status == 101 && !connectionOptions.isEmpty && namesWebSocket }

    /// The key in a list of subprotocols.
    func protocolKey(_ field: Field) -> String? {
        bytes.withUnsafeReadableBytes { head in
            ProtocolKey.find(in: UnsafeRawBufferPointer(rebasing: head[field.value]))
        }
    }

    /// Whether `connection` has the option `upgrade` and `upgrade` names `websocket`.
    private var namesWebSocket: Bool {
        bytes.withUnsafeReadableBytes { head in
            let name: StaticString = "upgrade"
            let option = UnsafeRawBufferPointer(start: name.utf8Start, count: name.utf8CodeUnitCount)
            guard isConnectionOption(option, in: head) else { return false }
            for field in fields where field.known == .hopByHop {
                guard UnsafeRawBufferPointer(rebasing: head[field.name]).equalsLowercase(name) else { continue }
                var found = false
                ListTokens.forEach(UnsafeRawBufferPointer(rebasing: head[field.value])) { token in
                    found = found || token.equalsLowercase("websocket")
                }
                if found { return true }
            }
            return false
        }
    }
}

/// The credential that OpenAI's browser clients put among the subprotocols of a websocket, because a browser can set
/// no header: `sec-websocket-protocol: realtime, openai-insecure-api-key.KEY`.
package enum ProtocolKey {
    private static let prefix: StaticString = "openai-insecure-api-key."

    /// The key in a list of subprotocols; nil when there is none.
    package static func find(in list: UnsafeRawBufferPointer) -> String? {
        var found: String?
        ListTokens.forEach(list) { token in
            if found == nil, isKey(token) {
                found = String(decoding: token.dropFirst(prefix.utf8CodeUnitCount), as: UTF8.self)
            }
        }
        return found
    }

    /// The list without its keys; empty when nothing else is on it.
    package static func removed(from list: UnsafeRawBufferPointer) -> String {
        var kept: [String] = []
        ListTokens.forEach(list) { token in
            if !isKey(token) { kept.append(String(decoding: token, as: UTF8.self)) }
        }
        return kept.joined(separator: ", ")
    }

    private static func isKey(_ token: UnsafeRawBufferPointer) -> Bool {
        token.prefix(prefix.utf8CodeUnitCount).equalsLowercase(prefix)
    }
}
