/// Why a configuration was refused: every problem that was found in it, in the order of the file.
public struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// One thing to put right.
    public struct Problem: Equatable, Sendable {
        /// The line in the file, from 1; nil when the problem has no place in it.
        public var line: Int?
        /// The setting, such as `groups.openai.retries`; empty for the file as a whole.
        public var setting: String
        /// What is wrong and what to do; holds no secrets.
        public var message: String

        /// A problem.
        public init(line: Int?, setting: String, message: String) {
            self.line = line
            self.setting = setting
            self.message = message
        }
    }

    /// The file, as it was named; nil when the configuration came from the environment alone.
    public var file: String?
    /// What is wrong with it, at least one.
    public var problems: [Problem]

    /// A refused configuration.
    public init(file: String?, problems: [Problem]) {
        self.file = file
        self.problems = problems
    }

    /// One line a problem: `tollgate.yaml:12: groups.openai.retries: ...`.
    public var description: String {
        problems.map { problem in
            var text = file ?? "environment"
            if let line = problem.line { text += ":\(line)" }
            if !problem.setting.isEmpty { text += ": \(problem.setting)" }
            return "\(text): \(problem.message)"
        }
        .joined(separator: "\n")
    }
}
