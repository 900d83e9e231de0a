public import Accounting
public import Events
public import Ledger
public import Settings
public import Views

/// What the management side needs of the process it is in; the command that starts it wires it.
public struct ManagementBackend: Sendable {
    /// A price book that was made the one in force.
    public struct Adoption: Equatable, Sendable {
        /// Its revision.
        public var revision: UInt32
        /// The sequence of its event.
        public var sequence: UInt64
        /// False when the same book was in force already and nothing was written.
        public var isNew: Bool

        /// An adoption.
        public init(revision: UInt32, sequence: UInt64, isNew: Bool) {
            self.revision = revision
            self.sequence = sequence
            self.isNew = isNew
        }
    }

    /// A client whose name was removed.
    public struct Forgotten: Equatable, Sendable {
        /// The id under which its events stand.
        public var id: String
        /// The name that was removed.
        public var name: String
        /// True when the configuration names it still, so that its next requests get a new id.
        public var isConfigured: Bool

        /// A forgotten client.
        public init(id: String, name: String, isConfigured: Bool) {
            self.id = id
            self.name = name
            self.isConfigured = isConfigured
        }
    }

    /// The ledger.
    public var source: any RecordSource
    /// The views over it.
    public var views: ViewService
    /// The program's version.
    public var version: String
    /// True in a serving process, false for a command on a stopped directory.
    public var isServing: Bool
    /// What passes over history give way to in a serving process.
    public var throttle: Throttle?
    /// Further names on `/metrics`; asked at every scrape, as a reload may change it.
    public var compatibility: @Sendable () -> Set<Configuration.Compatibility>
    /// Figures of the process; may block for some system calls.
    public var sample: @Sendable () -> RuntimeSample
    /// Why no request can be served now; nil when they can.
    public var unready: @Sendable () -> String?
    /// The price book in a YAML text; throws what is wrong with it.
    public var readBook: @Sendable (_ text: [UInt8]) throws(ManagementError) -> PriceBook
    /// A price book as YAML that `readBook` reads to the same book.
    public var writeBook: @Sendable (_ book: PriceBook) -> String
    /// Who stands behind the ids of clients.
    public var identities: Identities
    /// Removes a client's name, given by name or id; nil when there is none such.
    public var forget: @Sendable (_ client: String) async throws -> Forgotten?
    /// Writes `pricebook.adopted` and prices new requests by the book; blocking.
    public var adopt: @Sendable (_ book: PriceBook, _ origin: String) throws(ManagementError) -> Adoption

    /// A backend that is ready, without further metric names and without figures of the process.
    public init(
        source: any RecordSource,
        views: ViewService,
        version: String,
        isServing: Bool,
        identities: Identities = Identities(),
        readBook: @escaping @Sendable (_ text: [UInt8]) throws(ManagementError) -> PriceBook,
        writeBook: @escaping @Sendable (_ book: PriceBook) -> String,
        adopt: @escaping @Sendable (_ book: PriceBook, _ origin: String) throws(ManagementError) -> Adoption
    ) {
        self.source = source
        self.views = views
        self.version = version
        self.isServing = isServing
        self.identities = identities
        self.readBook = readBook
        self.writeBook = writeBook
        self.adopt = adopt
        forget = { client in
            try identities.forget(client).map { Forgotten(id: $0.id, name: $0.name, isConfigured: false) }
        }
        compatibility = { [] }
        sample = { RuntimeSample() }
        unready = { nil }
    }

    /// The ledger for passes over history, which let requests go before.
    var history: any RecordSource { source.throttled(by: throttle) }
}
