import Gateway
import Testing

@Suite("Routing")
struct RoutingTests {
    @Test(
        "Targets",
        arguments: [
            ("/proxy/a/v1/chat", "a", "/v1/chat", nil, nil),
            ("/proxy/a", "a", "/", nil, nil),
            ("/proxy/a/x?key=s%2Fk&b=1", "a", "/x", "b=1", "s/k"),
            ("/proxy/a/x?b=1&key=k", "a", "/x", "b=1", "k"),
            ("/proxy/a/x?key=k", "a", "/x", nil, "k"),
            ("/proxy/a//x%20y?monkey=1", "a", "//x%20y", "monkey=1", nil),
            ("http://h:1/proxy/a/x?b=1", "a", "/x", "b=1", nil),
            ("https://h/proxy/a", "a", "/", nil, nil), ("HTTP://h/proxy/a", "a", "/", nil, nil),
        ] as [(String, String, String, String?, String?)]
    )
    func targets(text: String, group: String, path: String, query: String?, key: String?) throws {
        let target = try #require(RequestTarget(text))
        #expect(target.group == group)
        #expect(target.path == path)
        #expect(target.query == query)
        #expect(target.key == key)
    }

    @Test(
        "Segments that would leave an upstream's path are seen in any spelling",
        arguments: [
            ("/..", true), ("/a/%2e%2E/b", true), ("/a/..%2fb", true), ("/a/..%5cb", true), ("/a/..\\b", true),
            ("/a/..;x/b", true), ("/a/../\u{301}x", true), ("/a/.", true), ("/a/...", false), ("/a/..b", false),
            ("/a/b..", false), ("/a/%252e%252e", false),
        ]
    )
    func dotSegments(path: String, isThere: Bool) throws {
        #expect(try #require(RequestTarget("/proxy/g" + path)).hasDotSegment == isThere)
    }

    @Test(
        "Other paths are not proxied",
        arguments: ["/", "/proxyx/a", "/proxy", "*", "h:443", "http://h", "ftp://h/proxy/a"]
    )
    func notProxied(text: String) {
        #expect(RequestTarget(text) == nil)
    }

    @Test("Rotation takes the available in turn, then the one that is soonest")
    func rotation() {
        var rotation = Rotation()
        let available: [Int64] = [0, 50, 0]
        let picks = (0..<4).map { _ in rotation.next(count: 3, now: 10, excluding: []) { available[$0] } }
        #expect(picks == [0, 2, 0, 2])
        #expect(rotation.next(count: 3, now: 10, excluding: [0, 2]) { available[$0] } == 1)
        #expect(rotation.next(count: 3, now: 10, excluding: [0, 1, 2]) { available[$0] } == nil)
        #expect(rotation.next(count: 0, now: 10, excluding: []) { _ in 0 } == nil)
    }

    @Test("Weighted rotation is in proportion and spread")
    func weighted() {
        var rotation = Rotation()
        let weights = [3, 1]
        let picks = (0..<8).map { _ in
            rotation.nextWeighted(weights: { weights[$0] }, count: 2, now: 0, excluding: []) { _ in 0 }
        }
        #expect(picks == [0, 0, 1, 0, 0, 0, 1, 0])
    }

    @Test(
        "Failure classes",
        arguments: [
            (200, nil), (304, nil), (400, .clientFault), (404, .clientFault), (401, .keyFault), (402, .keyFault),
            (403, .keyFault), (429, .rateLimit), (529, .rateLimit), (500, .upstreamFault), (503, .upstreamFault),
            (408, .upstreamFault), (422, .clientFault),
        ] as [(Int, FailureClass?)]
    )
    func failureClasses(status: Int, expected: FailureClass?) {
        #expect(FailureClass(status: status) == expected)
    }

    @Test(
        "Retry-After is seconds or a date",
        arguments: [
            ("7", 7), ("0", 0), ("Sun, 06 Nov 1994 08:49:37 GMT", 37), ("Sun, 06 Nov 1994 08:48:59 GMT", 0),
            ("soon", nil), ("Sun, 06 Nov 1994 08:49:37 CET", nil), ("Sun, 06 Foo 1994 08:49:37 GMT", nil),
            ("Sun, 99 Nov 1994 08:49:37 GMT", nil), ("", nil), ("1.5", nil),
        ] as [(String, Int64?)]
    )
    func retryAfter(text: String, seconds: Int64?) throws {
        // 1994-11-06T08:49:00Z
        #expect(RetryAfter.seconds(text, now: 784_111_740_000_000) == seconds)
    }

    @Test("A key cools down as long as the provider says, is out when rejected, and recovers")
    func credentials() {
        let credential = Credential(secret: "sk-secret", salt: [1])
        let second: Int64 = 1_000_000_000
        #expect(credential.state(now: 0) == .active)
        credential.rateLimited(now: 0, retryAfter: 7)
        #expect(credential.state(now: 6 * second) == .cooling)
        #expect(credential.state(now: 7 * second) == .active)
        credential.rejected(now: 10 * second)
        #expect(credential.state(now: 11 * second) == .out)
        credential.succeeded()
        #expect(credential.state(now: 11 * second) == .active)
        #expect(!credential.id.contains("secret"))
        #expect(credential.id.hasPrefix("k_") && credential.id.utf8.count == 18)
        #expect(Credential(secret: "sk-secret", salt: [1]).id == credential.id)
        #expect(Credential(secret: "sk-secret", salt: [2]).id != credential.id)
        #expect(Credential(secret: "sk-other", salt: [1]).id != credential.id)
    }
}
