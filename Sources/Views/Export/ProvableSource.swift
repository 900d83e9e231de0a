public import Ledger

/// A log whose records are leaves of a signed tree, so that what is exported of it can be verified.
public protocol ProvableSource: RecordSource {
    /// The public key that checkpoints verify with, as text.
    var verifierKey: String { get }
    /// The hashes that stand for the records `from` through `through`; empty where `through` is `from` less 1.
    func compactRange(from: UInt64, through: UInt64) throws(LedgerError) -> CompactRange
    /// A signed checkpoint of the tree of the first `size` records. The same size always gives the same bytes.
    func checkpoint(size: UInt64) throws(LedgerError) -> String
}

extension Ledger: ProvableSource {}
