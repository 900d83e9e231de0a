import Admin
import Foundation
import Glibc
import NIOCore
import NIOPosix
import Testing

@Suite struct ListenerTests {
    /// Sends a raw request over TCP and reads the answer to its end.
    static func raw(_ port: Int, _ lines: String...) async throws -> String {
        let text = lines.joined(separator: "\r\n") + "\r\nconnection: close\r\n\r\n"
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            try await outbound.write(ByteBuffer(string: text))
            var answer = ""
            for try await buffer in inbound { answer += String(buffer: buffer) }
            return answer
        }
    }

    /// The status that a path is answered with.
    static func status(_ port: Int, _ path: String, _ token: String?) async throws -> String {
        let answer: String
        if let token {
            answer = try await raw(port, "GET \(path) HTTP/1.1", "host: x", "authorization: Bearer \(token)")
        } else {
            answer = try await raw(port, "GET \(path) HTTP/1.1", "host: x")
        }
        return String(answer.dropFirst(9).prefix(3))
    }

    @Test func withoutTokenOnlyLocalNamesAreAnswered() async throws {
        try await Fixture().listening { port, _ in
            let good = try await Self.raw(port, "GET /api/status HTTP/1.1", "host: 127.0.0.1:\(port)")
            #expect(good.hasPrefix("HTTP/1.1 200"))
            let rebound = try await Self.raw(port, "GET /api/status HTTP/1.1", "host: evil.example")
            #expect(rebound.hasPrefix("HTTP/1.1 403"))
            let foreign = try await Self.raw(
                port,
                "POST /api/rebuild HTTP/1.1",
                "host: localhost",
                "origin: https://evil.example",
                "content-length: 0"
            )
            #expect(foreign.hasPrefix("HTTP/1.1 403"))
        }
    }

    /// NIO traps when an accepted connection that nobody serves yet is dropped without its writer finished.
    @Test func connectionsThatArriveAsTheListenerStopsAreClosed() async throws {
        for _ in 0..<20 {
            let descriptors = try await Fixture().listening { port, _ in
                (0..<48).map { _ in Self.connect(port) }
            }
            #expect(descriptors.allSatisfy { $0 >= 0 })
            for descriptor in descriptors { close(descriptor) }
        }
    }

    /// A connection to a port of this machine, which waits to be accepted; below zero when there is none.
    private static func connect(_ port: Int) -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = UInt16(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let status = withUnsafePointer(to: &address) { address in
            address.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        return status == 0 ? descriptor : -1
    }

    @Test func tokensGuardWhatTheyShould() async throws {
        try await Fixture().listening(adminToken: "admin", metricsToken: "scrape") { port, _ async throws in
            #expect(try await Self.status(port, "/healthz", nil) == "200")
            #expect(try await Self.status(port, "/metrics", nil) == "401")
            #expect(try await Self.status(port, "/metrics", "scrape") == "200")
            #expect(try await Self.status(port, "/metrics", "admin") == "200")
            #expect(try await Self.status(port, "/metrics", "scrapx") == "401")
            #expect(try await Self.status(port, "/api/status", "scrape") == "401")
            #expect(try await Self.status(port, "/api/status", "admin") == "200")
            #expect(try await Self.status(port, "/api/status", "adminadmin") == "401")
            #expect(try await Self.status(port, "/api/status", nil) == "401")
        }
    }

    @Test func theSocketAsksForNoToken() async throws {
        let fixture = try Fixture()
        try await fixture.listening(adminToken: "admin") { _, socket in
            let mode = try FileManager.default.attributesOfItem(atPath: socket.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            #expect(socket.answers)
            let collected = Collected()
            let client = ManagementClient(socket: socket)
            let status = try await client.perform(ManagementRequest(path: "/api/export")) { _, piece in
                await collected.add(piece)
            }
            #expect(status == 200)
            #expect(await collected.bytes.count { $0 == 0x0a } == 6)
            let refused = try await client.perform(ManagementRequest(path: "/x")) { _, _ in }
            #expect(refused == 404)
        }
        #expect(!SocketFile(directory: fixture.folder).answers)
    }

    @Test func aStaleSocketIsReplacedAnotherFileIsNot() async throws {
        let fixture = try Fixture()
        let socket = SocketFile(directory: fixture.folder)
        let listener = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(unixDomainSocketPath: socket.path).get()
        #expect(socket.answers)
        await #expect(throws: ManagementError.self) { try await fixture.listening { _, _ in } }
        try await listener.close()
        #expect(!socket.answers)
        try await fixture.listening { _, socket in #expect(socket.answers) }
        try Data("mine".utf8).write(to: URL(fileURLWithPath: socket.path))
        await #expect(throws: ManagementError.self) { try await fixture.listening { _, _ in } }
        #expect(FileManager.default.contents(atPath: socket.path) == Data("mine".utf8))
    }
}
