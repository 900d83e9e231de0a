extension LiteLLMPrices {
    private static let providers = [
        "bedrock": "aws", "bedrock_converse": "aws", "bedrock_mantle": "aws", "amazon_nova": "aws", "gemini": "google",
        "vertex_ai": "google", "xai": "x-ai", "fireworks_ai": "fireworks", "fireworks_ai-embedding-models": "fireworks",
        "together_ai": "together", "moonshot": "moonshotai", "voyage": "voyageai", "cohere_chat": "cohere",
        "text-completion-openai": "openai", "azure_ai": "azure", "azure_text": "azure",
        "github_copilot": "github-copilot", "meta_llama": "meta", "codestral": "mistral",
        "text-completion-codestral": "mistral",
    ]

    /// A book from the list, an object of models by name.
    package static func book(_ json: JSONValue) throws(PriceBookError) -> PriceImport {
        guard json.members.contains(where: { $0.value["litellm_provider"] != nil }) else {
            throw PriceBookError(.badText, "The file is no list of models such as LiteLLM has.")
        }
        var result = PriceImport()
        for (name, model) in json.members where name != "sample_spec" {
            guard let origin = model["litellm_provider"]?.text else { continue }
            let entries = entries(model)
            guard !entries.isEmpty else {
                result.notes.append("\(name): no price that is understood")
                continue
            }
            let family = origin.hasPrefix("vertex_ai-") ? "vertex_ai" : origin
            result.add(
                entries,
                names: [shortName(name, origin: family)],
                provider: providers[family] ?? family.asciiLowercased
            )
        }
        return result
    }

    /// The name without the provider before it, and without `*`, which is a character of names there.
    private static func shortName(_ name: String, origin: String) -> String {
        name.hasPrefix(origin + "/") ? String(name.dropFirst(origin.count + 1)) : name
    }
}
