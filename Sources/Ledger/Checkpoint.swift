/// A tree head with its signature: a C2SP checkpoint inside a C2SP signed note.
///
/// Three lines (origin, size, base64 root), an empty line, and a signature line: an em dash, the key's name, and the
/// base64 of key id and Ed25519 signature over the three lines with their newlines.
struct Checkpoint: Equatable, Sendable {
    var origin: String
    var size: UInt64
    var root: [UInt8]

    private var body: String { "\(origin)\n\(size)\n\(Base64.encode(root))\n" }

    func note(signedBy key: NodeKey) throws(LedgerError) -> [UInt8] {
        let signature = try key.sign(Array(body.utf8))
        return Array("\(body)\n\u{2014} \(key.origin) \(Base64.encode(key.keyID + signature))\n".utf8)
    }

    /// Why a note is not accepted.
    enum Fault: Error, Equatable {
        case malformed
        case wrongSignature
    }

    /// Reads a note and verifies the signature of `key`; with a nil key only the form is checked.
    init(note: [UInt8], key: NodeKey?) throws(Fault) {
        let text = String(decoding: note, as: UTF8.self)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 6, lines[3].isEmpty, lines.last?.isEmpty == true, !lines[0].isEmpty,
            let size = UInt64(lines[1]), lines[1] == String(size),
            let root = Base64.decode(lines[2]), root.count == 32
        else { throw .malformed }
        self.init(origin: String(lines[0]), size: size, root: root)
        guard let key else { return }
        let body = Array(body.utf8)
        let isSigned = lines[4...].contains { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "\u{2014}", parts[1] == key.origin,
                let bytes = Base64.decode(parts[2]), bytes.count == 68, Array(bytes[..<4]) == key.keyID
            else { return false }
            return key.isValid(Array(bytes[4...]), of: body)
        }
        guard isSigned else { throw .wrongSignature }
    }

    init(origin: String, size: UInt64, root: [UInt8]) {
        self.origin = origin
        self.size = size
        self.root = root
    }
}
