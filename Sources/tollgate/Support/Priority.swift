import Admin
import Foundation
import Glibc

extension Relay {
    /// Lets a server on the same machine go before this process, which only carries bytes away from it.
    func giveWay() {
        guard transport is ManagementClient else { return }
        // The system keeps a priority for each thread; new ones take that of the thread that makes them.
        let threads = (try? FileManager.default.contentsOfDirectory(atPath: "/proc/self/task")) ?? []
        for thread in threads.compactMap({ id_t($0) }) {
            setpriority(Int32(bitPattern: PRIO_PROCESS.rawValue), thread, 19)
        }
    }
}
