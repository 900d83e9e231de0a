/// The forms in which a model's name may stand in a price book, from the name as it is to what remains without the
/// decorations of clouds, routers and dates.
package enum ModelName {
    /// Longer names match nothing.
    static let limit = 512

    private static let regions: Set<String> = [
        "us", "eu", "apac", "ap", "global", "jp", "au", "ca", "sa", "us-gov", "uk", "in",
    ]
    private static let vendors: Set<String> = [
        "anthropic", "amazon", "meta", "mistral", "cohere", "ai21", "deepseek", "openai", "qwen", "google", "nvidia",
        "moonshot", "moonshotai", "minimax", "zai", "stability", "writer", "twelvelabs", "luma", "xai", "nova",
    ]

    /// What remains of a name without the decorations; empty for a name that matches nothing.
    package static func plain(_ name: String) -> String { forms(of: name).last ?? "" }

    /// The forms of a name, most exact first, without repetition.
    static func forms(of name: String) -> [String] {
        guard !name.isEmpty, name.utf8.count <= limit else { return [] }
        var forms: [String] = []
        func add(_ form: some StringProtocol) {
            guard !form.isEmpty else { return }
            let text = String(form)
            if !forms.contains(text) { forms.append(text) }
        }
        add(name.asciiLowercased)
        // `models/x`, `publishers/google/models/x`, `accounts/a/models/x`, `vendor/x`, ARNs that end in `/x`.
        if let first = forms.first {
            if first.hasPrefix("models/") { add(first.dropFirst(7)) }
            if !first.hasPrefix("arn:"), let slash = first.firstIndex(of: "/") {
                add(first[first.index(after: slash)...])
            }
            if let slash = first.lastIndex(of: "/") { add(first[first.index(after: slash)...]) }
        }
        for step in [withoutRegion, withoutVendor, withoutVersion, withoutAt] {
            if let last = forms.last, let shorter = step(last) { add(shorter) }
        }
        // Version numbers of Bedrock hide dates, and a date may stand before `-latest` and the like.
        for form in forms {
            if let dashed = dashedDate(form) { add(dashed) }
        }
        for form in forms {
            for step in [withoutDate, withoutLatest, withoutRevision] {
                if let shorter = step(form) { add(shorter) }
            }
        }
        return forms
    }

    /// Whether a form of a name, in lower case, still names a region: `us.anthropic.claude`, also at the end of an ARN.
    static func hasRegion(_ form: String) -> Bool {
        guard let slash = form.lastIndex(of: "/") else { return withoutRegion(form) != nil }
        return withoutRegion(String(form[form.index(after: slash)...])) != nil
    }

    /// `us.anthropic.claude` → `anthropic.claude`.
    private static func withoutRegion(_ name: String) -> Substring? {
        guard let dot = name.firstIndex(of: "."), regions.contains(String(name[..<dot])) else { return nil }
        return name[name.index(after: dot)...]
    }

    /// `anthropic.claude` → `claude`.
    private static func withoutVendor(_ name: String) -> Substring? {
        guard let dot = name.firstIndex(of: "."), vendors.contains(String(name[..<dot])) else { return nil }
        return name[name.index(after: dot)...]
    }

    /// `claude-v1:0`, `claude-v1:0:200k` and `claude-v1` → `claude`.
    private static func withoutVersion(_ name: String) -> Substring? {
        var rest = name[...]
        if let colon = rest.firstIndex(of: ":"), rest[rest.index(after: colon)...].first?.isASCIIDigit == true {
            rest = rest[..<colon]
        }
        if let dash = rest.lastIndex(of: "-") {
            let tail = rest[rest.index(after: dash)...]
            if tail.first == "v", tail.count > 1, tail.count < 4, tail.dropFirst().allSatisfy(\.isASCIIDigit) {
                rest = rest[..<dash]
            }
        }
        return rest.count == name.count ? nil : rest
    }

    /// `claude@20250929` → `claude`.
    private static func withoutAt(_ name: String) -> Substring? {
        name.lastIndex(of: "@").map { name[..<$0] }
    }

    /// `gpt-20251211` → `gpt-2025-12-11`.
    private static func dashedDate(_ name: String) -> String? {
        guard let date = compactDate(name) else { return nil }
        let digits = name.suffix(8)
        return "\(name[..<date])-\(digits.prefix(4))-\(digits.dropFirst(4).prefix(2))-\(digits.suffix(2))"
    }

    /// `gpt-2024-08-06` and `claude-20250929` → the name before.
    private static func withoutDate(_ name: String) -> Substring? {
        if let date = compactDate(name) { return name[..<date] }
        let bytes = Array(name.utf8.suffix(11))
        guard bytes.count == 11, name.utf8.count > 11, bytes[0] == 45, bytes[5] == 45, bytes[8] == 45 else {
            return nil
        }
        for place in [1, 2, 3, 4, 6, 7, 9, 10] where bytes[place] < 48 || bytes[place] > 57 { return nil }
        return name.dropLast(11)
    }

    private static func compactDate(_ name: String) -> String.Index? {
        let bytes = Array(name.utf8.suffix(9))
        guard bytes.count == 9, name.utf8.count > 9, bytes[0] == 45, bytes[1] == 50, bytes[2] == 48,
            bytes.dropFirst().allSatisfy({ $0 >= 48 && $0 <= 57 })
        else { return nil }
        return name.utf8.index(name.endIndex, offsetBy: -9)
    }

    private static func withoutLatest(_ name: String) -> Substring? {
        name.hasSuffix("-latest") ? name.dropLast(7) : nil
    }

    /// `gemini-2.0-flash-001` → `gemini-2.0-flash`.
    private static func withoutRevision(_ name: String) -> Substring? {
        let tail = name.suffix(4)
        guard tail.count == 4, tail.first == "-", tail.dropFirst().first == "0",
            tail.dropFirst().allSatisfy(\.isASCIIDigit)
        else { return nil }
        return name.dropLast(4)
    }

    /// Whether a pattern, in which `*` stands for any run of bytes, covers a whole name. Linear space, no recursion.
    static func matches(_ name: String, pattern: String) -> Bool {
        let name = Array(name.utf8)
        let pattern = Array(pattern.utf8)
        var at = 0
        var place = 0
        var star: Int?
        var resume = 0
        while at < name.count {
            if place < pattern.count, pattern[place] == UInt8(ascii: "*") {
                star = place
                resume = at
                place += 1
            } else if place < pattern.count, pattern[place] == name[at] {
                at += 1
                place += 1
            } else if let last = star {
                resume += 1
                at = resume
                place = last + 1
            } else {
                return false
            }
        }
        return pattern[place...].allSatisfy { $0 == UInt8(ascii: "*") }
    }
}

extension Character {
    fileprivate var isASCIIDigit: Bool { self >= "0" && self <= "9" && isASCII }
}
