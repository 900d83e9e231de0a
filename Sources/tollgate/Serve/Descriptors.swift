import Glibc
import Ledger

/// The files that a process may have open at once.
enum Descriptors {
    /// Throws when there are so few that the event loops could not even begin, which would end the process without a
    /// word: each of them needs three, the ledger and the listeners some more.
    static func check(loops: Int) throws(LedgerError) {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        let needed = UInt64(64 + 8 * max(loops, 1))
        guard limit.rlim_cur < needed else { return }
        throw LedgerError(
            .tooManyOpenFiles,
            "only \(limit.rlim_cur) files may be open at once, and the gateway needs at least \(needed); raise the limit "
                + "(ulimit -n)"
        )
    }
}
