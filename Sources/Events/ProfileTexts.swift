/// What the profiles of requests are in JSON, made once for each and remembered by their bytes.
///
/// A history has few of them beside its requests. The pieces are written by the same functions as those of an event, so
/// they cannot differ from what an event shows.
struct ProfileTexts: Sendable {
    /// The places in a line where a piece belongs: between them stands what each request has of its own.
    enum Piece: Int, CaseIterable {
        /// The group and the client.
        case caller
        /// The provider, the operation and the dialect.
        case target
        /// The model.
        case model
        /// From whether it is a stream to the error.
        case outcome
    }

    /// A longer profile is none that many requests share.
    private static let longest = 512

    private let names: ClientNames
    private var numbers = ByteMap(bits: 14)
    private var text: [UInt8] = []
    /// Where the pieces of each profile end, in the order of their numbers.
    private var ends: [Int] = [0]

    init(names: ClientNames) { self.names = names }

    /// The number under which the pieces of a profile are found until the next call; nil for one that is damaged or too
    /// long to be remembered.
    mutating func number(of profile: UnsafeRawBufferPointer) -> Int? {
        if let number = numbers.find(profile) { return number }
        guard profile.count <= Self.longest, let read = CompletedProfile(profile) else { return nil }
        if numbers.isFull {
            numbers.removeAll()
            text.removeAll(keepingCapacity: true)
            ends = [0]
        }
        var event = RequestCompleted(
            id: RequestID(high: 0, low: 0),
            time: 0,
            group: read.group,
            provider: read.provider
        )
        event.take(read)
        let number = ends.count / Piece.allCases.count
        for piece in Piece.allCases {
            var json = JSONText()
            switch piece {
            case .caller: EventJSON.writeCaller(event, names, &json)
            case .target: EventJSON.writeTarget(event, &json)
            case .model: EventJSON.writeModel(event, &json)
            case .outcome: EventJSON.writeOutcome(event, &json)
            }
            text += json.bytes
            ends.append(text.count)
        }
        numbers.insert(profile, number)
        return number
    }

    /// Adds a piece of the profile that has a number.
    @inline(__always)
    func write(_ piece: Piece, of number: Int, _ json: inout JSONText) {
        let index = number &* Piece.allCases.count &+ piece.rawValue
        guard index >= 0, index &+ 1 < ends.count else { return }
        let range = ends[index]..<ends[index &+ 1]
        text.withUnsafeBufferPointer { json.put(UnsafeBufferPointer(rebasing: $0[range])) }
    }
}
