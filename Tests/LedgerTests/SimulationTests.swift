import Ledger
import Testing

/// Random lives against a model; a seed that fails is the argument to run again.
@Suite struct SimulationTests {
    private let directory: TemporaryDirectory

    init() throws { directory = try TemporaryDirectory() }

    @Test(arguments: 0..<8)
    func nothingAcknowledgedIsLost(part: Int) {
        #if DEBUG
        let seeds: UInt64 = 8  // A build for working on it is for quick answers.
        #else
        let seeds: UInt64 = 40
        #endif
        var total = LedgerSimulation.Outcome()
        for seed in (1...seeds).map({ UInt64(part) * 40 + $0 }) {
            let outcome = LedgerSimulation.run(seed: seed, directory: "\(directory.path)/\(seed)", lives: 3)
            #expect(outcome.problem == nil)
            #expect(outcome.lost == 0 && outcome.duplicated == 0, "seed \(seed)")
            total.kills += outcome.kills
            total.powerCuts += outcome.powerCuts
            total.faults += outcome.faults
            total.acknowledged += outcome.acknowledged
        }
        #expect(total.kills > 0 && total.powerCuts > 0 && total.faults > 0 && total.acknowledged > 200)
    }
}
