internal import Metering
internal import Synchronization

/// Figures of this process that are not in the ledger; shared by all event loops.
final class GatewayCounters: Sendable {
    /// Requests between their head and the commit of their event.
    let inFlight = Atomic<Int>(0)
    /// Clients that are connected.
    let clients = Atomic<Int>(0)
    /// How many may be; see ``FileLimit/clients``.
    let clientLimit = Atomic<Int>(.max)
    /// Connections that are to close once what was written to them is out.
    let unflushed = Atomic<Int>(0)
    /// Events that the ledger did not take at the first try.
    let ledgerRefusals = Atomic<Int>(0)
    /// Parts of a stated usage that had to be clamped to their whole, and totals that do not reconcile.
    let usageAnomalies = Atomic<UInt64>(0)
    /// Answers in a coding or format that metering cannot read.
    let unreadableAnswers = Atomic<UInt64>(0)
    /// Stored answers that were billed; touched only by requests for such answers.
    let billed = Mutex(BilledAnswers())
    /// Requests refused because the ledger could not write.
    let refusedForLedger = Atomic<Int>(0)
}
