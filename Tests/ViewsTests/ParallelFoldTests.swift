import Accounting
import Events
import Testing
import Views

/// A fold in pieces has the bytes of one fold, whatever stands in the log.
@Suite struct ParallelFoldTests {
    private func alone(_ log: MemoryLog, _ scope: ViewFold.Scope = ViewFold.Scope()) throws -> ViewFold {
        var fold = ViewFold(scope: scope)
        try log.scan(from: 1, through: log.head) { sequence, record in
            try fold.fold(sequence, record)
            return true
        }
        return fold
    }

    /// The state of a fold in pieces, and how many of its pieces were taken over as they were.
    private func together(
        _ log: MemoryLog,
        _ scope: ViewFold.Scope = ViewFold.Scope(),
        piece: UInt64 = 50
    ) throws -> (state: ViewState, taken: Int) {
        var fold = ViewFold(scope: scope)
        let parallel = try #require(
            ParallelFold(fold, through: log.head, log, threads: 3, pieceLength: piece, isBackground: false)
        )
        defer { parallel.end() }
        while fold.state.sequence < log.head { try parallel.advance(&fold) }
        return (fold.state, parallel.taken)
    }

    private func foretold(_ book: PriceBook, _ revision: UInt32, at sequence: UInt64) -> ViewFold.Scope {
        var scope = ViewFold.Scope()
        scope.foretold = (Pricer(book: book, revision: revision), sequence)
        return scope
    }

    @Test(arguments: [1, 7, 50, 201] as [UInt64])
    func plainTraffic(piece: UInt64) throws {
        let book = try Traffic.book("2.5", "10")
        let log = MemoryLog(Traffic.history(1_000, book: book))
        let (state, taken) = try together(log, foretold(book, 1, at: 3), piece: piece)
        #expect(state.encode() == (try alone(log)).state.encode())
        // All but those with the first three events.
        #expect(taken == Int((1_003 + piece - 1) / piece - (3 + piece - 1) / piece))
    }

    /// Books, restarts, lost history, requests that begin in one piece and end in another or never.
    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func everythingAtOnce(seed: UInt64) throws {
        var random = Seeded(seed)
        var events = Traffic.history(0, book: try Traffic.book("2.5", "10"))
        var open: [RequestCompleted] = []
        var revision: UInt32 = 1
        for number in 0..<1_500 {
            var request = Traffic.request(number, &random, nil)
            if random.next() % 40 == 0 { request.time += Int64(random.next() % 100) * Timestamp.day }
            if random.next() % 5 == 0 { request.client = "client \(random.next() % 200)" }
            switch random.next() % 100 {
            case 0:
                revision += 1
                events.append(Traffic.adopted(revision, try Traffic.book("\(random.next() % 9 + 1)", "10")))
            case 1: events.append(.nodeStarted(NodeStarted(time: request.time, program: "1.0")))
            case 2...20:
                events.append(.requestStarted(Traffic.started(request)))
                open.append(request)
            case 21...30 where !open.isEmpty:
                let ended = open.remove(at: Int(random.next() % UInt64(open.count)))
                if random.next() % 3 == 0 {
                    let started = Traffic.started(ended)
                    events.append(.requestInterrupted(RequestInterrupted(started: started, time: ended.time)))
                } else {
                    events.append(.requestCompleted(ended))
                }
            default: events.append(.requestCompleted(request))
            }
        }
        let log = MemoryLog(events)
        var whole = try alone(log)
        try log.scan(from: whole.state.restatedThrough + 1, through: log.head) { sequence, record in
            try whole.restate(sequence, record)
            return true
        }
        let service = try ViewService(source: log)
        defer { service.close() }
        let newest = try #require(whole.state.books.last)
        let scope = foretold(try Traffic.book(of: events, revision), revision, at: newest.sequence)
        let (state, taken) = try together(log, scope)
        #expect(state.encode() == whole.state.encode())
        #expect(service.readBlocking { $0.encode() } == whole.state.encode())
        #expect(taken > 0)
    }

    /// Tables that have no room for everything share their last row in the order of the ledger.
    @Test func fullTables() throws {
        let book = try Traffic.book("2.5", "10")
        var random = Seeded(4)
        let events =
            Traffic.history(0, book: book)
            + (0..<9_000).map { number -> Event in
                var request = Traffic.request(number, &random, nil)
                request.modelSent = "model \(number % 3 == 0 ? number : number % 100)"
                return .requestCompleted(request)
            }
        let log = MemoryLog(events)
        let (state, taken) = try together(log, foretold(book, 1, at: 3), piece: 500)
        #expect(state.encode() == (try alone(log)).state.encode())
        #expect(state.models.count == ViewState.seriesCap + 1)
        #expect(taken > 0 && taken < 17)
    }

    /// A book that nobody foretold prices history anew: from there on pieces are folded one after another.
    @Test func bookInTheMiddle() throws {
        let book = try Traffic.book("2.5", "10")
        var events = Traffic.history(600, book: book)
        events.append(Traffic.adopted(2, try Traffic.book("1", "2")))
        events += Traffic.history(600, seed: 3, book: book).dropFirst(3)
        let log = MemoryLog(events)
        let (state, taken) = try together(log)
        #expect(state.encode() == (try alone(log)).state.encode())
        #expect(!state.isRestated && taken > 0)
    }

    @Test func anErrorIsToldWhereItStands() throws {
        let log = MemoryLog(Traffic.history(1_000, book: try Traffic.book("2.5", "10")))
        log.replace(707, [2, EventKind.requestCompleted.rawValue, 1])
        var fold = ViewFold()
        let parallel = try #require(
            ParallelFold(fold, through: log.head, log, threads: 2, pieceLength: 50, isBackground: false)
        )
        defer { parallel.end() }
        let error = #expect(throws: ViewError.self) {
            while fold.state.sequence < log.head { try parallel.advance(&fold) }
        }
        #expect(error?.description.contains("event 707") == true)
        #expect(fold.state.sequence == 706)
    }
}
