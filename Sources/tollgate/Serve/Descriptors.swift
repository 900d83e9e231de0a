import ArgumentParser
import Glibc
import Ledger

/// The files that a process may have open at once.
enum Descriptors {
    /// With fewer the runtime's own threads cannot begin, in any command, and end the process without a word.
    private static let least: rlim_t = 32

    /// Ends the process, with a word, where the system allows it hardly any file.
    static func checkLeast() {
        var limit = rlimit()
        let isKnown = getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0
        guard isKnown, limit.rlim_cur < least else { return }
        Words.error("only \(limit.rlim_cur) files may be open at once; raise the limit (ulimit -n)")
        exit(Exit.inputOutput.rawValue)
    }

    /// Throws when there are so few that the event loops could not even begin, which would end the process without a
    /// word: each of them needs three, the ledger and the listeners some more.
    static func check(loops: Int) throws(LedgerError) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let needed = UInt64(136 + 8 * max(loops, 1))
        guard limit.rlim_cur < needed else { return }
        throw LedgerError(
            .tooManyOpenFiles,
            "only \(limit.rlim_cur) files may be open at once, and the gateway needs at least \(needed); raise the limit "
                + "(ulimit -n)"
        )
    }
}
