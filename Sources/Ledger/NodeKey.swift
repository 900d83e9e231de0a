internal import Crypto

/// The Ed25519 key that signs the checkpoints of one ledger.
///
/// `node.key` holds it as one line in the form of Go's `sumdb/note` package: `PRIVATE+KEY+<origin>+<key id>+<base64 of
/// 0x01 and the seed>`. The file is created with mode 0600; the seed never leaves it.
struct NodeKey: Sendable {
    /// The public half.
    let verifier: VerifierKey
    private let key: Curve25519.Signing.PrivateKey

    var origin: String { verifier.name }

    /// A new key for `origin`; nil when that cannot be a key's name.
    init?(origin: String) {
        self.init(origin: origin, key: Curve25519.Signing.PrivateKey())
    }

    private init?(origin: String, key: Curve25519.Signing.PrivateKey) {
        guard let verifier = VerifierKey(name: origin, publicKey: [UInt8](key.publicKey.rawRepresentation)) else {
            return nil
        }
        self.verifier = verifier
        self.key = key
    }

    /// Reads the file's text; nil when it is not such a key.
    init?(text: [UInt8]) {
        let line = String(decoding: text, as: UTF8.self).filter { $0 != "\n" && $0 != "\r" }
        let prefix = "PRIVATE+KEY+"
        guard line.hasPrefix(prefix) else { return nil }
        // The base64 part may hold plus signs itself.
        let parts = line.dropFirst(prefix.count).split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, let bytes = Base64.decode(parts[2]), bytes.count == 33, bytes[0] == VerifierKey.ed25519,
            let key = try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes[1...])
        else { return nil }
        self.init(origin: String(parts[0]), key: key)
        guard parts[1] == hexadecimal(verifier.keyID) else { return nil }
    }

    var fileText: [UInt8] {
        let seed = [VerifierKey.ed25519] + [UInt8](key.rawRepresentation)
        return Array("PRIVATE+KEY+\(origin)+\(hexadecimal(verifier.keyID))+\(Base64.encode(seed))\n".utf8)
    }

    func sign(_ text: [UInt8]) throws(LedgerError) -> [UInt8] {
        do {
            return [UInt8](try key.signature(for: text))
        } catch {
            throw LedgerError(.keyInvalid, "signing a checkpoint of \(origin) failed: \(error)")
        }
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
