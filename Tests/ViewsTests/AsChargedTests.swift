import Accounting
import Events
import Testing
import Views

/// What was charged never changes, whatever is adopted, restarted and rebuilt.
@Suite struct AsChargedTests {
    private struct Figure: Equatable {
        var requests: UInt64
        var unpriced: UInt64
        var charged: MoneyTotal
    }

    private func charged(_ state: ViewState) throws -> [[String]: Figure] {
        let report = try #require(Report(try ReportQuery(by: "day,model,group,client,operation"), from: state))
        let figures = report.rows.map {
            ($0.key, Figure(requests: $0.sums.requests, unpriced: $0.sums.unpriced, charged: $0.sums.charged))
        }
        return Dictionary(uniqueKeysWithValues: figures)
    }

    private func counters(_ state: ViewState) -> [String] {
        let text = String(decoding: MetricsRenderer(format: .text).render(state, RuntimeSample()), as: UTF8.self)
        return text.split(separator: "\n").map(String.init).filter {
            $0.hasPrefix("tollgate_cost_usd_total") || $0.hasPrefix("tollgate_unpriced_requests_total")
        }
    }

    private func book(_ random: inout Seeded) throws -> PriceBook {
        try Traffic.book("\(random.next() % 50).\(random.next() % 10)", "\(random.next() % 50)")
    }

    @Test(arguments: 1...12) func staysWhateverHappens(seed: UInt64) throws {
        let folder = try TemporaryFolder()
        var options = ViewService.Options(directory: folder.path)
        options.snapshotEvery = 7
        var random = Seeded(seed)
        let log = MemoryLog([.schemaAdopted(Schema.adopted(time: Traffic.start))])
        var service = try ViewService(source: log, options: options)
        var pricer: Pricer?
        var expected: [[String]: Figure] = [:]
        var lines: [String] = []
        var sum = MoneyTotal()
        var number = 0
        for step in 0..<60 {
            switch random.next() % 6 {
            case 0:
                let next = try book(&random)
                let revision = (pricer?.revision ?? 0) + 1
                pricer = Pricer(book: next, revision: revision)
                log.append([Traffic.adopted(revision, next, time: Traffic.start + Int64(step))])
            case 1:
                service.close()
                service = try ViewService(source: log, options: options)
            case 2: #expect(try service.rebuild())
            default:
                for _ in 0..<(1 + Int(random.next() % 9)) {
                    let event = Traffic.request(number, &random, pricer)
                    number += 1
                    sum += event.cost.amount
                    log.append([.requestCompleted(event)])
                }
                let state = service.readBlocking { $0 }
                expected = try charged(state)
                lines = counters(state)
                #expect(state.total.charged == sum, "step \(step)")
                continue
            }
            let state = service.readBlocking { $0 }
            #expect(try charged(state) == expected, "step \(step)")
            #expect(counters(state) == lines, "step \(step)")
            #expect(state.total.charged == sum, "step \(step)")
        }
        #expect(number > 0)
        service.close()
        // The ledger alone gives the same as the view that lived through all of it.
        let fresh = try ViewService(source: log)
        fresh.close()
        #expect(fresh.readBlocking { $0.encode() } == service.readBlocking { $0.encode() })
    }
}
