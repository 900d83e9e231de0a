/// The family of request and answer formats that an upstream speaks. Raw values are stored in events: never renumber.
public enum Dialect: UInt8, Sendable, CaseIterable {
    /// Recognise by path and by the shape of the usage object.
    case auto = 0
    case openai = 1
    case anthropic = 2
    case gemini = 3
    case bedrock = 4
    case cohere = 5
    case ollama = 6

    /// The name in the configuration and in the JSON form.
    public var name: String {
        switch self {
        case .auto: "auto"
        case .openai: "openai"
        case .anthropic: "anthropic"
        case .gemini: "gemini"
        case .bedrock: "bedrock"
        case .cohere: "cohere"
        case .ollama: "ollama"
        }
    }

    /// The dialect with a name, nil when there is none.
    public init?(name: String) {
        guard let match = Dialect.allCases.first(where: { $0.name == name }) else { return nil }
        self = match
    }
}
