import Accounting
import Events
import Foundation
import Testing
import Views

/// Whatever is adopted, started anew or rebuilt, what was charged stays as it was charged.
@Suite struct AsChargedTests {
    private static let columns: [ReportQuery.Column] = [.model, .client, .group, .operation, .hour]

    /// What was charged, by all columns at once, as the events say.
    private struct Charged {
        var money: [[String]: MoneyTotal] = [:]
        var unpriced: [[String]: UInt64] = [:]

        mutating func add(_ event: RequestCompleted) {
            let hour = Timestamp.text(event.time - event.time % Timestamp.hour).prefix(16) + "Z"
            let key = [
                event.modelSent ?? "", event.client, event.group, EventNames.operation(event.operation), String(hour),
            ]
            money[key, default: MoneyTotal()] += event.cost.amount
            unpriced[key, default: 0] += event.cost.state == .unpriced ? 1 : 0
        }
    }

    private func damage(_ path: String, _ random: inout Seeded) throws {
        let file = URL(fileURLWithPath: path)
        guard var bytes = try? Data(contentsOf: file), !bytes.isEmpty else { return }
        switch random.next() % 3 {
        case 0: try FileManager.default.removeItem(at: file)
        case 1:
            bytes[Int(random.next() % UInt64(bytes.count))] ^= 1 << UInt8(random.next() % 8)
            try bytes.write(to: file)
        default: try bytes.prefix(Int(random.next() % UInt64(bytes.count))).write(to: file)
        }
    }

    @Test(arguments: 1...6 as ClosedRange<UInt64>)
    func noFigureEverChanges(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var options = ViewService.Options(directory: folder.path)
        (options.snapshotEvery, options.rebuildSnapshotEvery, options.rebuildTurn) = (90, 60, 25)
        var random = Seeded(seed)
        var charged = Charged()
        var revision: UInt32 = 1
        var book = try Traffic.book("2.5", "10")
        var pricer = Pricer(book: book, revision: 1)
        let log = MemoryLog(Traffic.history(0, book: book))
        var service = try ViewService(source: log, options: options)
        var number = 0
        for _ in 0..<80 {
            switch random.next() % 6 {
            case 0:
                revision += 1
                book = try Traffic.book("\(random.next() % 9).\(random.next() % 1000)", "\(random.next() % 20)")
                pricer = Pricer(book: book, revision: revision)
                log.append([Traffic.adopted(revision, book)])
            case 1:
                service.close()
                if random.next() % 2 == 0 { try damage(folder.path + "/snapshot", &random) }
                service = try ViewService(source: log, options: options)
            case 2:
                let last = random.next() % (log.head + 1)
                try service.rebuild { $0.done < last }
                if random.next() % 3 == 0 { try damage(folder.path + "/rebuild", &random) }
            case 3: try service.rebuild(isAnew: random.next() % 2 == 0)
            default:
                for _ in 0..<random.next() % 40 {
                    let event = Traffic.request(number, &random, pricer)
                    number += 1
                    charged.add(event)
                    log.append([.requestCompleted(event)])
                }
            }
            let report = try #require(
                service.readBlocking { Report(ReportQuery(by: Self.columns), from: $0) }
            )
            let money = Dictionary(report.rows.map { ($0.key, $0.sums.charged) }) { first, _ in first }
            let unpriced = Dictionary(report.rows.map { ($0.key, $0.sums.unpriced) }) { first, _ in first }
            #expect(money == charged.money)
            #expect(unpriced == charged.unpriced)
        }
        let live = service.readBlocking { $0.encode() }
        service.close()
        let fresh = try ViewService(source: log)
        defer { fresh.close() }
        #expect(fresh.readBlocking { $0.encode() } == live)
    }
}
