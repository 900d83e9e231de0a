internal import Glibc

/// How many files this process may have open, connections included.
enum FileLimit {
    /// Kept back for the ledger, the views, the management listener and its exports.
    private static let reserve = 136
    /// More than any machine needs, and little enough for the kernel to grant.
    private static let most: rlim_t = 1 << 20

    /// Raises the limit as far as the system allows without asking.
    static func raise() {
        let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
        var limit = rlimit()
        guard getrlimit(resource, &limit) == 0, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = max(limit.rlim_cur, min(limit.rlim_max, most))
        _ = setrlimit(resource, &limit)
    }

    /// How many clients may be connected: each may need a connection to an upstream as well, and a ledger that cannot
    /// open its files is an outage.
    static var clients: Int {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return .max }
        let files = Int(clamping: min(limit.rlim_cur, rlim_t(Int.max)))
        return max(1, (files - reserve) / 2)
    }
}
