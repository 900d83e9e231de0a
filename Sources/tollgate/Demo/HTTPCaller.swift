import Admin
import NIOCore
import NIOHTTP1
import NIOPosix

/// A plain HTTP/1.1 client for the demo's own traffic, one connection a call.
struct HTTPCaller: Sendable {
    let host: String
    let port: Int

    /// Posts JSON and reads the answer to its end: its status and its length.
    func post(_ path: String, headers: [(String, String)], body: [UInt8]) async throws -> (status: Int, bytes: Int) {
        typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        let connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHTTPClientHandlers()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        return try await connection.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(version: .http1_1, method: .POST, uri: path)
            head.headers.add(name: "host", value: "\(host):\(port)")
            head.headers.add(name: "connection", value: "close")
            head.headers.add(name: "content-type", value: "application/json")
            head.headers.add(name: "content-length", value: String(body.count))
            for (name, value) in headers { head.headers.add(name: name, value: value) }
            try await outbound.write(.head(head))
            try await outbound.write(.body(.byteBuffer(ByteBuffer(bytes: body))))
            try await outbound.write(.end(nil))
            var status = 0
            var bytes = 0
            for try await part in inbound {
                switch part {
                case .head(let head): status = Int(head.status.code)
                case .body(let buffer): bytes += buffer.readableBytes
                case .end: return (status, bytes)
                }
            }
            throw ManagementError(.unavailable, "The gateway closed the connection in the middle of its answer")
        }
    }
}
