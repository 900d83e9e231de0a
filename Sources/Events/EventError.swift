/// Why a stored record could not be read as an event.
public struct EventError: Error, Equatable, Sendable, CustomStringConvertible {
    /// The class of the failure.
    public enum Code: Equatable, Sendable {
        /// The record carries a schema version that this program does not know.
        case newerSchema
        /// The record is of a kind that this program does not know.
        case unknownKind
        /// The record ends early, has bytes left over, or holds a value outside its range.
        case malformed
        /// No upcaster leads from the record's schema version to the current one.
        case missingUpcaster
        /// The record's schema version is not the one that the last `schema.adopted` before it names.
        case contradiction
    }

    /// The class of the failure.
    public var code: Code
    /// What happened, to what, and what to do, for an operator.
    public var description: String

    package init(_ code: Code, _ description: String) {
        self.code = code
        self.description = description
    }

    package static func newer(_ version: UInt8, than newest: UInt8 = Schema.current) -> EventError {
        EventError(
            .newerSchema,
            "the record has schema version \(version), this program knows versions up to \(newest): a newer Tollgate "
                + "wrote it; start that version or a later one"
        )
    }

    package static func noUpcaster(from version: UInt8) -> EventError {
        EventError(
            .missingUpcaster,
            "no upcaster leads from schema version \(version) to \(Int(version) + 1): read this ledger with the version of "
                + "Tollgate that wrote it"
        )
    }

    package static func kind(_ kind: UInt8) -> EventError {
        EventError(
            .unknownKind,
            "the record is of kind \(kind), which this program does not know: a newer Tollgate wrote it; start that "
                + "version or a later one"
        )
    }

    package static func malformed(_ what: String) -> EventError {
        EventError(
            .malformed,
            "the record of \(what) is damaged: it does not follow the layout of its schema version; run `tollgate verify`"
        )
    }
}
