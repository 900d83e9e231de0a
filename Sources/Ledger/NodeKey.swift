internal import Crypto

/// The Ed25519 key that signs the checkpoints of one ledger.
///
/// `node.key` holds it as one line in the form of Go's `sumdb/note` package: `PRIVATE+KEY+<origin>+<key id>+<base64 of
/// 0x01 and the seed>`. The file is created with mode 0600; the seed never leaves it.
struct NodeKey: Sendable {
    private static let ed25519: UInt8 = 0x01

    let origin: String
    private let key: Curve25519.Signing.PrivateKey

    /// A new key for `origin`.
    init(origin: String) {
        self.origin = origin
        self.key = Curve25519.Signing.PrivateKey()
    }

    /// Reads the file's text; nil when it is not such a key.
    init?(text: [UInt8]) {
        let line = String(decoding: text, as: UTF8.self).filter { $0 != "\n" && $0 != "\r" }
        let prefix = "PRIVATE+KEY+"
        guard line.hasPrefix(prefix) else { return nil }
        // The base64 part may hold plus signs itself.
        let parts = line.dropFirst(prefix.count).split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(parts[2]), bytes.count == 33, bytes[0] == NodeKey.ed25519,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes[1...])
        else { return nil }
        self.origin = String(parts[0])
        self.key = key
        guard parts[1] == hexadecimal(keyID) else { return nil }
    }

    var fileText: [UInt8] {
        let seed = [NodeKey.ed25519] + [UInt8](key.rawRepresentation)
        return Array("PRIVATE+KEY+\(origin)+\(hexadecimal(keyID))+\(Base64.encode(seed))\n".utf8)
    }

    /// What an auditor needs: `<origin>+<key id>+<base64 of 0x01 and the public key>`.
    var verifierKey: String { "\(origin)+\(hexadecimal(keyID))+\(Base64.encode([NodeKey.ed25519] + publicKey))" }

    private var publicKey: [UInt8] { [UInt8](key.publicKey.rawRepresentation) }

    /// C2SP signed-note: the first four bytes of SHA-256 over name, newline, signature type, public key.
    var keyID: [UInt8] {
        Array(SHA256.hash(data: Array(origin.utf8) + [0x0A, NodeKey.ed25519] + publicKey).prefix(4))
    }

    func sign(_ text: [UInt8]) throws(LedgerError) -> [UInt8] {
        do {
            return [UInt8](try key.signature(for: text))
        } catch {
            throw LedgerError(.keyInvalid, "signing a checkpoint of \(origin) failed: \(error)")
        }
    }

    func isValid(_ signature: [UInt8], of text: [UInt8]) -> Bool {
        key.publicKey.isValidSignature(signature, for: text)
    }
}

func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    let digits = Array("0123456789abcdef".utf8)
    var text: [UInt8] = []
    for byte in bytes {
        text.append(digits[Int(byte >> 4)])
        text.append(digits[Int(byte & 15)])
    }
    return String(decoding: text, as: UTF8.self)
}
