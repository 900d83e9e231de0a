import Admin
import ArgumentParser
import Foundation
import Ledger

struct VerifyCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Verify a ledger, an export, a proof or a checkpoint.",
        discussion: """
            Without a file the data directory is verified: every record is read and hashed again, the hashes are compared \
            with the stored ones, and the result with the signed checkpoint. A running server does that itself, at low \
            priority.

            With a file nothing else is needed but the ledger's public key (`tollgate key` prints it): an NDJSON export, \
            an inclusion or consistency proof, or a signed checkpoint. `-` is standard input. A folder of exports, as `export \
            --segments` makes it, is verified file by file, and that each goes on where the one before it has ended.

            A checkpoint that was kept elsewhere is compared as well: in a ledger any number of them, one behind the other \
            with empty lines between, as `checkpoint_copy` collects them.

            EXAMPLES
              tollgate verify --data-dir /var/lib/tollgate
              tollgate verify events.ndjson --key ledger.key
              tollgate verify /srv/audit --key ledger.key
              tollgate verify 42.tlog-proof --key ledger.key --checkpoint kept.note

            EXIT CODES
              0 verified            1 something was changed or is missing
              2 the signature is not one of the key
              3 the file was cut off
              65 not a file of that kind, and otherwise as `tollgate --help` says
            """
    )

    @OptionGroup var directory: DirectoryOptions
    @Argument(help: "An export, a folder of them, a proof or a checkpoint; without it the data directory.") var file:
        String?
    @Option(help: ArgumentHelp("A proof; the same as the argument.", valueName: "file")) var proof: String?
    @Option(help: ArgumentHelp("The ledger's public key, or a file with it.", valueName: "key")) var key: String?
    @Option(help: ArgumentHelp("Signed checkpoints that were kept elsewhere.", valueName: "file"))
    var checkpoint: String?
    @Option(help: ArgumentHelp("The stored bytes, for a proof that does not carry them.", valueName: "file"))
    var record: String?
    @Option(help: "Threads that hash; else one for each core.") var threads: Int?
    @Flag(help: "Print the result as JSON.") var json = false
    @Flag(help: "Print the public key of the ledger and end.") var showKey = false

    func validate() throws {
        guard file == nil || proof == nil else { throw ValidationError("name a file or --proof, not both") }
        guard threads.map({ (1...64).contains($0) }) ?? true else {
            throw ValidationError("--threads must be from 1 to 64")
        }
    }

    func run() async throws {
        if showKey { return try await LedgerTexts.key(directory) }
        try await reporting {
            let report: AuditReport
            if let path = file ?? proof {
                report = try await verify(path: path)
            } else {
                report = try await LedgerVerification(directory: directory, threads: threads, json: json)
                    .run(
                        key: try givenKey(),
                        checkpoints: try checkpoint.map { KeptCheckpoints.thinned(try readFile($0)) } ?? []
                    )
            }
            try show(report)
        }
    }

    private func show(_ report: AuditReport) throws {
        if json {
            try Output.write(report.json)
        } else {
            for (name, value) in report.facts { try Output.line(AuditWords.line(name, value)) }
            if report.failure == nil { try Output.line("verified") }
        }
        guard let failure = report.failure else { return }
        Words.error(failure.message)
        throw Exit.code(of: failure)
    }

    /// The key from the command line, itself or in a file.
    private func givenKey() throws -> VerifierKey? {
        guard let key else { return nil }
        do {
            return try VerifierKey(text: key)
        } catch {
            guard let content = try? readFile(key) else { throw error }
            let text = String(decoding: content, as: UTF8.self).split(whereSeparator: \.isWhitespace).first ?? ""
            return try VerifierKey(text: text)
        }
    }

    private func verify(path: String) async throws -> AuditReport {
        let key = try givenKey()
        let trusted = try checkpoint.map { path in
            guard let key else { throw ManagementError(.badRequest, "A kept checkpoint is verified with --key") }
            return try KeptCheckpoints(KeptCheckpoints.thinned(try readFile(path)), key: key).checkpoints
        }
        let file = FileVerification(path: path, key: key, trusted: trusted ?? [], threads: threads)
        return try await file.run(record: try record.map(readFile), hidesProgress: json && Output.isTerminal)
    }
}

/// What a person reads of a verification.
enum AuditWords {
    static func line(_ name: String, _ value: AuditReport.Value) -> String {
        let label = name.split(separator: "_").joined(separator: " ")
        let text =
            switch value {
            case .text(let text): text
            case .number(let number): String(number)
            case .seconds(let seconds): Figures.seconds(seconds)
            case .flag(let flag): flag ? "yes" : "no"
            case .json(let text): text
            }
        return label.padding(toLength: 16, withPad: " ", startingAt: 0) + text
    }
}
