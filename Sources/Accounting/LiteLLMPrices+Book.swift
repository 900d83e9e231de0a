extension LiteLLMPrices {
    private static let providers = [
        "bedrock": "aws", "bedrock_converse": "aws", "bedrock_mantle": "aws", "amazon_nova": "aws", "gemini": "google",
        "vertex_ai": "google", "xai": "x-ai", "fireworks_ai": "fireworks", "fireworks_ai-embedding-models": "fireworks",
        "together_ai": "together", "moonshot": "moonshotai", "voyage": "voyageai", "cohere_chat": "cohere",
        "text-completion-openai": "openai", "azure_ai": "azure", "azure_text": "azure",
        "github_copilot": "github-copilot", "meta_llama": "meta", "codestral": "mistral",
        "text-completion-codestral": "mistral",
    ]

    /// Further places of a provider's models: where both list one, the provider's first place counts.
    private static let further: Set<String> = [
        "bedrock_mantle", "amazon_nova", "codestral", "text-completion-codestral", "text-completion-openai", "azure_ai",
        "azure_text", "fireworks_ai-embedding-models",
    ]

    /// A book from the list, an object of models by name.
    package static func book(_ json: JSONValue) throws(PriceBookError) -> PriceImport {
        guard json.members.contains(where: { $0.value["litellm_provider"] != nil }) else {
            throw PriceBookError(.badText, "The file is no list of models such as LiteLLM has.")
        }
        var result = PriceImport()
        let models = json.members.compactMap { name, model in
            model["litellm_provider"]?.text.map { (name: name, model: model, origin: $0) }
        }.filter { $0.name != "sample_spec" }
        for (name, model, origin) in models.filter({ !further.contains($0.origin) })
            + models.filter({ further.contains($0.origin) })
        {
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
