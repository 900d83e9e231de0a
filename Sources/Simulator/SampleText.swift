/// The words that simulated answers are made of.
enum SampleText {
    private static let words = [
        "The", "gate", "counts", "größere", "and", "smaller", "pieces,", "naïve", "日本語", "too;", "a", "\"quote\"", "or",
        "back\\slash", "costs", "🙂", "one", "token", "each.", "{}[]",
    ]

    /// Words up to `size` bytes when it is given, else twelve; at most `limit` of them, and always at least one.
    static func words(size: Int?, limit: Int?) -> [String] {
        let limit = max(1, limit ?? .max)
        var result: [String] = []
        var bytes = 0
        while result.count < limit, size.map({ bytes < $0 }) ?? (result.count < 12) {
            let word = words[result.count % words.count]
            result.append(word)
            bytes += word.utf8.count + 1
        }
        return result.isEmpty ? [words[0]] : result
    }

    /// How many words the text has; runs of white space separate them.
    static func count(_ text: String) -> Int {
        var count = 0
        var inside = false
        for byte in text.utf8 {
            let space = byte == 0x20 || (0x09...0x0D).contains(byte)
            if !space, !inside { count += 1 }
            inside = !space
        }
        return count
    }

    /// How many words all strings of a prompt have; a token id counts as one.
    ///
    /// Names of roles, kinds and ids are no prompt.
    static func count(_ json: JSON?) -> Int {
        switch json {
        case .string(let text): return count(text)
        case .number: return 1
        case .array(let values): return values.reduce(0) { $0 + count($1) }
        case .object(let members):
            let silent: Set = ["role", "type", "model", "id", "cache_control", "task_type", "taskType"]
            return members.reduce(0) { sum, member in
                if silent.contains(member.name) { return sum }
                if case .number = member.value { return sum }
                return sum + count(member.value)
            }
        default: return 0
        }
    }

    /// The text in `count` pieces of whole words; joined they are the words with single spaces.
    static func pieces(_ words: [String], count: Int) -> [String] {
        let count = min(max(1, count), words.count)
        return (0..<count).map { piece in
            let range = words.count * piece / count..<words.count * (piece + 1) / count
            return (piece == 0 ? "" : " ") + words[range].joined(separator: " ")
        }
    }
}
