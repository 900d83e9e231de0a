import Foundation
import Gateway
import Ledger
import Views

/// Figures of the serving process for `/metrics`.
enum Samples {
    /// The figures of this moment; some system calls.
    static func take(_ node: Node, _ gateway: GatewayServer, directory: String) -> RuntimeSample {
        var sample = RuntimeSample()
        let ledger = node.ledger.statistics()
        sample.take(ledger)
        sample.checkpointAge = ledger.checkpointSize > 0 ? ledger.checkpointAgeSeconds : nil
        sample.ledgerBytes = bytes(below: directory + "/ledger")
        let traffic = gateway.sample()
        sample.ledgerRefusals = UInt64(clamping: traffic.ledgerRefusals)
        sample.refusedForLedger = UInt64(clamping: traffic.refusedForLedger)
        sample.inFlight = traffic.requestsInFlight.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
        sample.keys = traffic.keys.map { ($0.group, $0.state, $0.count) }
        sample.usageAnomalies = traffic.usageAnomalies
        sample.unreadableAnswers = traffic.unreadableAnswers
        sample.viewLag = node.views.lag
        sample.process = ProcessSample.now()
        return sample
    }

    private static func bytes(below folder: String) -> UInt64 {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        return names.reduce(0) { sum, name in
            let attributes = try? FileManager.default.attributesOfItem(atPath: folder + "/" + name)
            return sum &+ ((attributes?[.size] as? UInt64) ?? 0)
        }
    }
}
