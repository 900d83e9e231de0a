internal import Crypto

/// The public key of a ledger, which its checkpoints verify with: a C2SP signed-note verifier key for Ed25519.
///
/// As text it is `<name>+<key id>+<base64 of 0x01 and the public key>`; the name is the ledger's origin, and the key id is
/// eight hexadecimal digits.
public struct VerifierKey: Equatable, Sendable {
    static let ed25519: UInt8 = 0x01

    /// The name in the key, which is the origin of the ledger.
    public let name: String
    /// The key as text.
    public let text: String
    let keyID: [UInt8]
    private let publicKey: [UInt8]

    /// Reads the text; throws `keyInvalid` when it is no such key.
    public init(text: some StringProtocol) throws(LedgerError) {
        let parts = text.split(separator: "+", maxSplits: 2, omittingEmptySubsequences: false)
        // The base64 part may hold plus signs itself.
        guard parts.count == 3, !parts[0].isEmpty, let bytes = Base64.decode(parts[2]), bytes.count == 33,
            bytes[0] == VerifierKey.ed25519,
            let key = VerifierKey(name: String(parts[0]), publicKey: Array(bytes[1...])),
            parts[1] == hexadecimal(key.keyID)
        else {
            throw LedgerError(
                .keyInvalid,
                "\"\(text.prefix(120))\" is no public key; it has the form <origin>+<8 hexadecimal digits>+<base64>, as "
                    + "`tollgate key` prints it"
            )
        }
        self = key
    }

    /// Nil when the name or the 32 bytes cannot be a key.
    init?(name: String, publicKey: [UInt8]) {
        guard !name.utf8.contains(where: { $0 <= 0x20 || $0 == UInt8(ascii: "+") }),
            (try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey)) != nil
        else { return nil }
        self.name = name
        self.publicKey = publicKey
        self.keyID = VerifierKey.keyID(name: name, publicKey: publicKey)
        self.text = "\(name)+\(hexadecimal(keyID))+\(Base64.encode([VerifierKey.ed25519] + publicKey))"
    }

    /// C2SP signed-note: the first four bytes of SHA-256 over name, newline, signature type, public key.
    static func keyID(name: String, publicKey: [UInt8]) -> [UInt8] {
        Array(SHA256.hash(data: Array(name.utf8) + [0x0A, ed25519] + publicKey).prefix(4))
    }

    func isValid(_ signature: [UInt8], of text: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: publicKey) else { return false }
        return key.isValidSignature(signature, for: text)
    }
}
