internal import NIOCore

/// A group as one event loop sees it: the shared runtime beside this loop's rotation and connections.
final class LoopGroup {
    let runtime: GroupRuntime
    let pools: [UpstreamPool]
    private var credentialRotation = Rotation()
    private var upstreamRotation = Rotation()

    init(_ runtime: GroupRuntime, loop: any EventLoop, headLimit: Int) {
        self.runtime = runtime
        pools = runtime.upstreams.map { UpstreamPool($0, loop: loop, headLimit: headLimit) }
    }

    /// The credential for the next attempt; nil when the group has none that was not tried.
    func nextCredential(now: Int64, excluding tried: [Int]) -> Int? {
        let credentials = runtime.credentials
        return credentialRotation.next(count: credentials.count, now: now, excluding: tried) {
            credentials[$0].availableAt
        }
    }

    /// The upstream for the next attempt; nil when all were tried.
    func nextUpstream(now: Int64, excluding tried: [Int]) -> Int? {
        let upstreams = runtime.upstreams
        return upstreamRotation.nextWeighted(
            weights: { upstreams[$0].weight },
            count: upstreams.count,
            now: now,
            excluding: tried
        ) { upstreams[$0].availableAt }
    }
}
