internal import Metering
internal import Synchronization

/// Figures of this process that are not in the ledger; shared by all event loops.
final class GatewayCounters: Sendable {
    /// Requests between their head and the commit of their event.
    let inFlight = Atomic<Int>(0)
    /// Events that the ledger did not take at the first try.
    let ledgerRefusals = Atomic<Int>(0)
    /// Stored answers that were billed; touched only by requests for such answers.
    let billed = Mutex(BilledAnswers())
    /// Requests refused because the ledger could not write.
    let refusedForLedger = Atomic<Int>(0)
}
