import FoundationEssentials

/// Resolves `env:NAME` and `file:PATH`. No message ever quotes what was found there.
struct SecretSource {
    var environment: [String: String]
    /// What relative paths are relative to.
    var folder: String

    /// The most bytes that are read of one secrets file.
    static let fileLimit = 1 << 20

    /// The secrets that a setting stands for; nil after a problem was told.
    func resolve(_ setting: Setting) -> [String]? {
        guard let text = setting.string(secret: true) else { return nil }
        let found: [String]
        if text.hasPrefix("env:") {
            guard let values = fromEnvironment(String(text.dropFirst(4)), setting) else { return nil }
            found = values
        } else if text.hasPrefix("file:") {
            guard let values = fromFile(String(text.dropFirst(5)), setting) else { return nil }
            found = values
        } else if Self.looksLikeVariable(text) {
            setting.problem("looks like the name of an environment variable; write env:NAME to use its value")
            return nil
        } else {
            found = [text]
        }
        guard found.allSatisfy({ !$0.isEmpty }) else {
            setting.problem("is empty; leave it out, or give the secret")
            return nil
        }
        guard found.allSatisfy({ $0.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7f } }) else {
            setting.problem(
                "holds a secret with spaces or characters that cannot stand in a header; check it for typing errors"
            )
            return nil
        }
        return found
    }

    /// The one secret that a setting stands for.
    func resolveOne(_ setting: Setting) -> String? {
        guard let found = resolve(setting) else { return nil }
        guard found.count == 1 else {
            setting.problem("stands for \(found.count) secrets where one is needed")
            return nil
        }
        return found.first
    }

    private func fromEnvironment(_ name: String, _ setting: Setting) -> [String]? {
        guard let value = environment[name] else {
            setting.problem("needs the environment variable \(name), which is not set")
            return nil
        }
        let values = value.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init)
        guard !values.isEmpty else {
            setting.problem("needs the environment variable \(name), which is empty")
            return nil
        }
        return values
    }

    private func fromFile(_ path: String, _ setting: Setting) -> [String]? {
        let full = Self.absolute(path, in: folder)
        guard let handle = FileManager.default.contents(atPath: full) else {
            setting.problem("needs the file \(full), which cannot be read; check that it exists and its permissions")
            return nil
        }
        guard handle.count <= Self.fileLimit, let text = String(data: handle, encoding: .utf8) else {
            setting.problem("needs the file \(full), which is not a text of at most \(Self.fileLimit) bytes")
            return nil
        }
        let values = text.split(whereSeparator: \.isNewline)
            .map { line in String(line).trimmingPrefix(while: \.isWhitespace) }
            .filter { !$0.isEmpty && !$0.hasPrefix("#") }
            .map { line in
                var line = line
                while line.last?.isWhitespace == true { line.removeLast() }
                return String(line)
            }
        guard !values.isEmpty else {
            setting.problem("needs the file \(full), which holds no secret (one a line; # starts a comment)")
            return nil
        }
        return values
    }

    private static func looksLikeVariable(_ text: String) -> Bool {
        text.contains("_")
            && text.utf8.allSatisfy { byte in
                switch byte {
                case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
                    true
                default: false
                }
            }
    }

    /// A path as it is when relative ones start at a folder.
    static func absolute(_ path: String, in folder: String) -> String {
        path.hasPrefix("/") || folder.isEmpty ? path : folder + (folder.hasSuffix("/") ? "" : "/") + path
    }
}
