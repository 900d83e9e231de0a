import ArgumentParser

struct KeysCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keys",
        abstract: "Make keys for clients.",
        subcommands: [New.self]
    )

    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Make a new client key.",
            discussion: """
                The key goes to standard output and is stored nowhere. Put it where the configuration finds it.

                EXAMPLES
                  tollgate keys new
                  export ALICE_KEY=$(tollgate keys new)      # tollgate.yaml: key: env:ALICE_KEY
                """
        )

        func run() async throws {
            // 32 characters of 62: 190 bits from the system's generator.
            let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789".utf8)
            var generator = SystemRandomNumberGenerator()
            let key = (0..<32).compactMap { _ in letters.randomElement(using: &generator) }
            try Output.line("tg-" + String(decoding: key, as: UTF8.self))
            if Words.isTerminal {
                Words.say("Add it under `clients` as {name: NAME, key: env:VARIABLE}; it is shown only now.")
            }
        }
    }
}
