import NIOCore
import NIOHTTP1
import NIOPosix

/// Receives an answer: called for every piece of the body with the answer's status, in order.
///
/// Nothing more is read from the other side while the call runs.
public typealias ManagementReceiver = @Sendable (_ status: Int, _ piece: [UInt8]) async throws -> Void

/// A way to put requests to the management side.
public protocol ManagementTransport: Sendable {
    /// Puts one request and hands its answer's body over; the answer's status.
    func perform(_ request: ManagementRequest, receive: ManagementReceiver) async throws -> Int
}

/// Speaks HTTP/1.1 over the socket of a running server, one connection a request.
public struct ManagementClient: ManagementTransport {
    private let socket: SocketFile

    /// The client of a data directory's socket.
    public init(socket: SocketFile) { self.socket = socket }

    /// Puts one request; the answer is read only as fast as it is received.
    public func perform(_ request: ManagementRequest, receive: ManagementReceiver) async throws -> Int {
        typealias Connection = NIOAsyncChannel<HTTPClientResponsePart, HTTPClientRequestPart>
        let connection: Connection
        do {
            connection = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .connect(unixDomainSocketPath: socket.path) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHTTPClientHandlers()
                        return try Connection(wrappingChannelSynchronously: channel)
                    }
                }
        } catch {
            throw ManagementError(.unavailable, "The server cannot be reached through \(socket.path): \(error)")
        }
        return try await connection.executeThenClose { inbound, outbound in
            var head = HTTPRequestHead(
                version: .http1_1,
                method: request.method == "POST" ? .POST : .GET,
                uri: request.target
            )
            head.headers.add(name: "host", value: "localhost")
            head.headers.add(name: "connection", value: "close")
            head.headers.add(name: "content-length", value: String(request.body.count))
            if !request.accept.isEmpty { head.headers.add(name: "accept", value: request.accept) }
            // In one write: a server that has seen a head without a body may answer and close before the end is written.
            var parts = [HTTPClientRequestPart.head(head)]
            if !request.body.isEmpty { parts.append(.body(.byteBuffer(ByteBuffer(bytes: request.body)))) }
            try await outbound.write(contentsOf: parts + [.end(nil)])
            var status: Int?
            let cut = ManagementError(
                .unavailable,
                "The server broke off its answer in the middle; its log may say why"
            )
            var answer = inbound.makeAsyncIterator()
            while true {
                let part: HTTPClientResponsePart?
                do { part = try await answer.next() } catch is HTTPParserError { throw cut }
                switch part {
                case nil: throw cut
                case .head(let head): status = Int(head.status.code)
                case .body(let buffer): try await receive(status ?? 0, Array(buffer: buffer))
                case .end:
                    if let status { return status }
                }
            }
        }
    }
}

/// Puts requests to a handler in this process.
public struct LocalTransport: ManagementTransport {
    private let handler: any ManagementHandler

    /// The transport to a handler.
    public init(handler: any ManagementHandler) { self.handler = handler }

    /// Puts one request and hands the answer over as it is made.
    public func perform(_ request: ManagementRequest, receive: ManagementReceiver) async throws -> Int {
        let answer = await handler.answer(request)
        switch answer.body {
        case .whole(let bytes): try await receive(answer.status, bytes)
        case .pieces(let next):
            while let piece = try await next() { try await receive(answer.status, piece) }
        }
        return answer.status
    }
}
