/// The text of a table of identities: a line that names the form, the secret, a line a client, and a hash of all of it.
///
/// ```
/// tollgate identities 1
/// salt 2b7e…
/// c_0123456789abcdef 2026-11-23T08:00:00.123456Z alice
/// sha256 9f86…
/// ```
///
/// A name goes to the end of its line; `%`, control characters and what is no UTF-8 text stand as `%` and two hexadecimal
/// digits.
enum IdentitiesFile {
    /// Why a text is no such table.
    struct Damage: Error {
        var reason: String
    }

    /// The most bytes of a file: the most clients with the longest names, every byte of them escaped.
    static let limit = 128 << 20
    private static let heading = "tollgate identities 1"

    static func text(_ table: Identities.Table) -> [UInt8] {
        var text = "\(heading)\nsalt \(hexText(table.salt))\n"
        for client in table.clients {
            text += "\(client.id) \(Timestamp.text(client.since)) \(escaped(client.name))\n"
        }
        text += "sha256 \(hexText(SHA256.hash(Array(text.utf8))))\n"
        return Array(text.utf8)
    }

    static func table(_ content: [UInt8]) throws(Damage) -> Identities.Table {
        var lines = content.split(separator: 0x0a, omittingEmptySubsequences: false)
        guard lines.popLast()?.isEmpty == true, let last = lines.popLast() else {
            throw Damage(reason: "its end is missing")
        }
        let covered = Array(content.prefix(last.startIndex))
        guard String(decoding: last, as: UTF8.self) == "sha256 \(hexText(SHA256.hash(covered)))" else {
            throw Damage(reason: "its last line is not the hash of the lines before it")
        }
        guard lines.count >= 2, String(decoding: lines[0], as: UTF8.self) == heading else {
            throw Damage(reason: "its first line is not \"\(heading)\"; a newer version may have written it")
        }
        let secret = String(decoding: lines[1], as: UTF8.self)
        guard secret.hasPrefix("salt "), let salt = bytes(secret.dropFirst(5)), salt.count == 32 else {
            throw Damage(reason: "line 2 holds no salt of 32 bytes")
        }
        var table = Identities.Table(salt: salt)
        for (number, line) in lines.enumerated().dropFirst(2) {
            let parts = line.split(separator: 0x20, maxSplits: 2, omittingEmptySubsequences: false)
            guard parts.count == 3, table.clients.count < Identities.most,
                let since = Timestamp.parse(String(decoding: parts[1], as: UTF8.self)),
                let name = unescaped(parts[2]), name.utf8.count <= Identities.nameLimit
            else { throw Damage(reason: "line \(number + 1) is no client's") }
            let id = String(decoding: parts[0], as: UTF8.self)
            guard OpaqueID.client.bits(id) != nil else { throw Damage(reason: "line \(number + 1) begins with no id") }
            table.clients.append(Identities.Client(id: id, name: name, since: since))
        }
        guard Set(table.clients.map(\.id)).count == table.clients.count,
            Set(table.clients.map(\.name)).count == table.clients.count
        else { throw Damage(reason: "two clients share an id or a name") }
        return table
    }

    private static func escaped(_ name: String) -> String {
        var out: [UInt8] = []
        for byte in name.utf8 {
            if byte < 0x20 || byte == 0x7f || byte == 0x25 {
                out += [0x25, hexDigit(byte >> 4), hexDigit(byte & 15)]
            } else {
                out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func unescaped(_ text: ArraySlice<UInt8>) -> String? {
        var out: [UInt8] = []
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == 0x25 {
                guard index + 2 < text.endIndex, let high = hexValue(text[index + 1]),
                    let low = hexValue(text[index + 2])
                else { return nil }
                out.append(UInt8(high) << 4 | UInt8(low))
                index += 3
            } else {
                out.append(text[index])
                index += 1
            }
        }
        return String(validating: out, as: UTF8.self)
    }

    private static func bytes(_ hex: Substring) -> [UInt8]? {
        let digits = Array(hex.utf8)
        guard digits.count.isMultiple(of: 2) else { return nil }
        var out: [UInt8] = []
        for index in stride(from: 0, to: digits.count, by: 2) {
            guard let high = hexValue(digits[index]), let low = hexValue(digits[index + 1]) else { return nil }
            out.append(UInt8(high) << 4 | UInt8(low))
        }
        return out
    }
}
