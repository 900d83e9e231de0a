internal import Metering
internal import NIOCore

/// A group as one event loop sees it: the shared runtime beside this loop's rotation and connections.
final class LoopGroup {
    let runtime: GroupRuntime
    let pools: [UpstreamPool]
    private var credentialRotation = Rotation()
    private var upstreamRotation = Rotation()
    /// What paths without a query mean: a client asks for the same few again and again.
    private var routes: [RouteKey: Route] = [:]

    private struct RouteKey: Hashable {
        let method: String
        let path: String
    }

    /// Paths come from outside: beyond this many the table starts anew.
    private static let routeLimit = 256

    init(_ runtime: GroupRuntime, loop: any EventLoop, headLimit: Int) {
        self.runtime = runtime
        pools = runtime.upstreams.map { UpstreamPool($0, loop: loop, headLimit: headLimit) }
    }

    /// What a request line means in this group's dialect.
    func route(method: String, path: String, query: String?) -> Route {
        guard query == nil, path.utf8.count <= 256 else {
            return Route(method: method, path: path, query: query, hint: runtime.dialect)
        }
        let key = RouteKey(method: method, path: path)
        if let known = routes[key] { return known }
        let route = Route(method: method, path: path, query: nil, hint: runtime.dialect)
        if routes.count >= Self.routeLimit { routes.removeAll(keepingCapacity: true) }
        routes[key] = route
        return route
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
