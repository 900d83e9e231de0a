/// The names behind the opaque ids of clients at one moment.
///
/// Records hold ids; a name is put beside one when somebody asks, as long as it is known.
public struct ClientNames: Equatable, Sendable {
    private var byID: [String: String]

    /// Names by id.
    public init(_ byID: [String: String] = [:]) { self.byID = byID }

    /// The name of an id; nil when it is unknown or forgotten.
    public subscript(_ id: String) -> String? { byID[id] }

    /// What a person is shown for a stored client: its name while that is known, else what is stored.
    public func shown(_ stored: String) -> String { byID[stored] ?? stored }
}
