internal import Crypto
internal import Synchronization

/// One of a group's credentials and how it has fared; shared by all event loops.
package final class Credential: Sendable {
    /// The secret itself; never printed.
    package let secret: String
    /// What events and reports say instead of the secret: `k_` and 16 hex digits of its HMAC-SHA-256.
    ///
    /// The key of the HMAC never leaves the node, so that nobody who guesses at a secret can tell whether it is the one.
    package let id: String
    /// Monotonic nanoseconds until which the credential is passed over.
    private let unusableUntil = Atomic<Int64>(0)
    private let faults = Atomic<Int>(0)
    private let coolsDown = Atomic<Bool>(false)

    /// - Parameter salt: the node's own key for ids.
    package init(secret: String, salt: [UInt8]) {
        self.secret = secret
        let digest = HMAC<SHA256>.authenticationCode(for: Array(secret.utf8), using: SymmetricKey(data: salt))
        id =
            "k_"
            + digest.prefix(8).map { byte in
                let text = String(byte, radix: 16)
                return byte < 16 ? "0" + text : text
            }.joined()
    }

    /// How the credential stands.
    package enum State: String, Sendable, CaseIterable {
        case active
        case cooling
        case out
    }

    package func state(now: Int64) -> State {
        guard unusableUntil.load(ordering: .relaxed) > now else { return .active }
        return coolsDown.load(ordering: .relaxed) ? .cooling : .out
    }

    /// When it may be used again, in monotonic nanoseconds; in the past when it may be used now.
    package var availableAt: Int64 { unusableUntil.load(ordering: .relaxed) }

    /// A good answer clears what went before.
    package func succeeded() {
        guard faults.load(ordering: .relaxed) != 0 || unusableUntil.load(ordering: .relaxed) != 0 else { return }
        faults.store(0, ordering: .relaxed)
        unusableUntil.store(0, ordering: .relaxed)
    }

    /// The provider rejected the credential: out for a minute, doubling to an hour, then the next request probes it.
    ///
    /// Requests that fail together are one incident: while a penalty runs, another failure does not double it.
    package func rejected(now: Int64) {
        guard state(now: now) != .out else { return }
        let count = faults.wrappingAdd(1, ordering: .relaxed).newValue
        coolsDown.store(false, ordering: .relaxed)
        unusableUntil.store(now + min(3600, 60 << min(count - 1, 6)) * 1_000_000_000, ordering: .relaxed)
    }

    /// The provider asked to slow down: cools until `retryAfter` seconds have passed, else 1 s doubling to a minute.
    package func rateLimited(now: Int64, retryAfter: Int64?) {
        guard state(now: now) == .active else {
            guard let retryAfter else { return }
            let until = now + max(0, min(retryAfter, 3600)) * 1_000_000_000
            unusableUntil.max(until, ordering: .relaxed)
            return
        }
        let count = faults.wrappingAdd(1, ordering: .relaxed).newValue
        let seconds = retryAfter.map { max(0, min($0, 3600)) } ?? Int64(min(60, 1 << min(count - 1, 6)))
        coolsDown.store(true, ordering: .relaxed)
        unusableUntil.store(now + seconds * 1_000_000_000, ordering: .relaxed)
    }
}
