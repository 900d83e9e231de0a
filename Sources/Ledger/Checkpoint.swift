/// A tree head with its signature: a C2SP checkpoint inside a C2SP signed note.
///
/// Three lines (origin, size, base64 root), an empty line, and signature lines: an em dash, the key's name, and the
/// base64 of key id and Ed25519 signature over the three lines with their newlines.
public struct Checkpoint: Equatable, Sendable {
    /// The origin of the ledger.
    public var origin: String
    /// The number of records in the tree.
    public var size: UInt64
    /// The root of the tree.
    public var root: Digest

    /// A checkpoint that is not signed yet.
    public init(origin: String, size: UInt64, root: Digest) {
        self.origin = origin
        self.size = size
        self.root = root
    }

    private var body: String { "\(origin)\n\(size)\n\(root.base64)\n" }

    func note(signedBy key: NodeKey) throws(LedgerError) -> [UInt8] {
        let signature = try key.sign(Array(body.utf8))
        return Array("\(body)\n\u{2014} \(key.origin) \(Base64.encode(key.verifier.keyID + signature))\n".utf8)
    }

    /// Why a note is not accepted.
    public enum Fault: Error, Equatable {
        /// It does not have the form of a checkpoint.
        case malformed
        /// None of its signatures is a valid one of the key.
        case wrongSignature
    }

    /// The longest note that is read, in bytes.
    public static let noteLimit = 1 << 16

    /// Reads a note and verifies the signature of `key`; with a nil key only the form is checked.
    ///
    /// Signatures of other keys, such as those of witnesses, are passed over.
    public init(note: [UInt8], key: VerifierKey?) throws(Fault) {
        guard note.count <= Checkpoint.noteLimit, let text = String(validating: note, as: UTF8.self) else {
            throw .malformed
        }
        try self.init(note: text, key: key)
    }

    /// Reads a note and verifies the signature of `key`; with a nil key only the form is checked.
    public init(note text: String, key: VerifierKey?) throws(Fault) {
        guard text.utf8.count <= Checkpoint.noteLimit else { throw .malformed }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count >= 6, lines[3].isEmpty, lines.last?.isEmpty == true, !lines[0].isEmpty,
            let size = UInt64(lines[1]), lines[1] == String(size), let root = Digest(base64: lines[2]),
            lines[4..<(lines.count - 1)].allSatisfy({ $0.hasPrefix("\u{2014} ") })
        else { throw .malformed }
        self.init(origin: String(lines[0]), size: size, root: root)
        guard let key else { return }
        let body = Array(body.utf8)
        let isSigned = lines[4..<(lines.count - 1)].contains { line in
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count == 3, parts[0] == "\u{2014}", parts[1] == key.name,
                let bytes = Base64.decode(parts[2]), bytes.count == 68, Array(bytes[..<4]) == key.keyID
            else { return false }
            return key.isValid(Array(bytes[4...]), of: body)
        }
        guard isSigned else { throw .wrongSignature }
    }
}

extension Checkpoint {
    /// The notes in a text where each is followed by an empty line; what has not their form is left out.
    public static func notes(in text: String) -> [String] {
        var blocks: [[Substring]] = [[]]
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        // Behind the last newline nothing is left, or a line that was cut off.
        lines.removeLast()
        for line in lines {
            if line.isEmpty { blocks.append([]) } else { blocks[blocks.count - 1].append(line) }
        }
        return zip(blocks, blocks.dropFirst()).compactMap { body, signatures in
            guard signatures.first?.hasPrefix("\u{2014} ") == true else { return nil }
            let note = (body + [""] + signatures + [""]).joined(separator: "\n")
            return (try? Checkpoint(note: note, key: nil)) == nil ? nil : note
        }
    }
}
