import HTTPTypes
import Hummingbird
import HummingbirdCore
public import Logging
public import NIOCore
import NIOPosix
public import ServiceLifecycle
public import Settings
import Synchronization

/// Answers management requests.
public protocol ManagementHandler: Sendable {
    /// Answers one request; never throws: what went wrong is an answer too.
    func answer(_ request: ManagementRequest) async -> ManagementAnswer
}

/// The management listeners: TCP, when configured, and the socket in the data directory.
public final class ManagementServer: Service, CustomStringConvertible {
    /// The name in the log.
    public let description = "management"

    /// The most bytes of a request's body, enough for a price book of many thousand rows.
    public static let bodyLimit = 16 << 20

    private let configuration: Configuration.Admin
    private let metricsToken: String?
    private let socket: SocketFile
    private let handler: any ManagementHandler
    private let logger: Logger
    private let threads: any EventLoopGroup
    private let bound = Bound()

    /// The listeners of a configuration, not listening yet.
    ///
    /// - Parameters:
    ///   - socket: where the Unix socket is made; its directory must exist.
    ///   - threads: the event loops that serve; the system's shared ones when nil.
    public init(
        configuration: Configuration,
        socket: SocketFile,
        handler: any ManagementHandler,
        logger: Logger,
        threads: (any EventLoopGroup)? = nil
    ) {
        self.configuration = configuration.admin
        self.metricsToken = configuration.metrics.token
        self.socket = socket
        self.handler = handler
        self.logger = logger
        self.threads = threads ?? MultiThreadedEventLoopGroup.singleton
    }

    /// Waits until every listener listens or ``run()`` ended; the TCP port, nil without TCP listener.
    public func port() async -> Int? { await bound.wait() }

    /// Listens until the graceful shutdown; throws when an address is taken.
    public func run() async throws {
        defer { bound.end() }
        try socket.prepare()
        defer { socket.remove() }
        let tcp = configuration.listen
        bound.expect(tcp == nil ? 1 : 2)
        var services: [any Service] = [
            application(.unixDomainSocket(path: socket.path), isSocket: true) { [socket, bound] _ in
                socket.restrict()
                bound.listens(nil)
            }
        ]
        if let tcp {
            services.append(
                application(.hostname(tcp.host, port: tcp.port), isSocket: false) { [bound] channel in
                    bound.listens(channel.localAddress?.port)
                }
            )
        }
        do {
            try await ServiceGroup(configuration: .init(services: services.map { .init(service: $0) }, logger: quiet))
                .run()
        } catch let error as IOError {
            let place = tcp.map { "\($0.host):\($0.port) or " } ?? ""
            throw ManagementError(
                .unavailable,
                "The management side cannot listen on \(place)\(socket.path): \(error). Free the address or change admin.listen"
            )
        }
    }

    /// Hummingbird tells of every listener at info level; ours is told once by the command.
    private var quiet: Logger {
        var quiet = logger
        quiet.logLevel = max(logger.logLevel, .warning)
        return quiet
    }

    private func application(
        _ address: BindAddress,
        isSocket: Bool,
        listens: @escaping @Sendable (any Channel) async -> Void
    ) -> some Service {
        let access = AccessGuard(adminToken: configuration.token, metricsToken: metricsToken, isSocket: isSocket)
        return Application(
            responder: CallbackResponder { [handler] (request: Request, context: ConnectionContext) in
                await Self.respond(request, context.channel, access, handler)
            },
            server: HTTPServerBuilder { AcceptedConnections(responder: $0) },
            configuration: ApplicationConfiguration(address: address, serverName: "tollgate", reuseAddress: !isSocket),
            onServerRunning: listens,
            eventLoopGroupProvider: .shared(threads),
            logger: quiet
        )
    }

    private static func respond(
        _ request: Request,
        _ channel: any Channel,
        _ access: AccessGuard,
        _ handler: any ManagementHandler
    ) async -> Response {
        var question = ManagementRequest(
            method: request.method.rawValue,
            path: request.uri.path,
            query: PercentCoding.fields(request.uri.query ?? ""),
            accept: request.headers[.accept] ?? ""
        )
        do throws(ManagementError) {
            let credentials = AccessGuard.Credentials(
                authorization: request.headers[.authorization],
                host: request.head.authority,
                origin: request.headers[.origin],
                fetchSite: HTTPField.Name("sec-fetch-site").flatMap { request.headers[$0] }
            )
            try access.check(question, credentials)
            question.body = try await body(of: request)
        } catch {
            return response(to: question, .refusal(error))
        }
        let answer = await handler.answer(question)
        if let abandoned = answer.abandoned {
            channel.closeFuture.whenComplete { _ in abandoned() }
            channel.eventLoop.execute {
                try? channel.pipeline.syncOperations.handler(type: InputEnd.self).whenOver(abandoned)
            }
        }
        return response(to: question, answer)
    }

    private static func body(of request: Request) async throws(ManagementError) -> [UInt8] {
        do {
            return Array(buffer: try await request.body.collect(upTo: bodyLimit))
        } catch is NIOTooManyBytesError {
            throw ManagementError(.tooLarge, "The body is larger than \(bodyLimit) bytes")
        } catch {
            throw ManagementError(.badRequest, "The body could not be read to its end")
        }
    }

    private static func response(to request: ManagementRequest, _ answer: ManagementAnswer) -> Response {
        var fields: HTTPFields = [.contentType: answer.contentType, .cacheControl: "no-store"]
        for (name, value) in answer.headers {
            if let name = HTTPField.Name(name) { fields[name] = value }
        }
        if answer.contentType == MediaType.html {
            fields[.contentSecurityPolicy] = Dashboard.contentSecurityPolicy
        }
        let body: ResponseBody
        switch answer.body {
        case .whole(let bytes):
            body = ResponseBody(byteBuffer: ByteBuffer(bytes: bytes))
        case .pieces(let next):
            body = ResponseBody { writer in
                while let piece = try await next() { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            }
        }
        return Response(status: .init(code: answer.status), headers: fields, body: body)
    }
}

/// What is known of a request beside itself: the connection that it came on.
private struct ConnectionContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel

    init(source: ApplicationRequestContextSource) {
        coreContext = CoreRequestContextStorage(source: source)
        channel = source.channel
    }
}

/// Tells those who wait when every listener listens.
private final class Bound: Sendable {
    private struct State {
        var missing = Int.max
        var port: Int?
        var waiting: [CheckedContinuation<Int?, Never>] = []
    }

    private let state = Mutex(State())

    func expect(_ count: Int) { state.withLock { $0.missing = count } }

    func listens(_ port: Int?) {
        let (ready, known) = state.withLock { state -> ([CheckedContinuation<Int?, Never>], Int?) in
            state.missing -= 1
            state.port = port ?? state.port
            guard state.missing == 0 else { return ([], nil) }
            defer { state.waiting = [] }
            return (state.waiting, state.port)
        }
        for continuation in ready { continuation.resume(returning: known) }
    }

    /// Lets everybody go on: nothing will listen any more.
    func end() {
        let waiting = state.withLock { state in
            state.missing = 0
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume(returning: nil) }
    }

    func wait() async -> Int? {
        await withCheckedContinuation { continuation in
            let port = state.withLock { state -> Int?? in
                guard state.missing > 0 else { return .some(state.port) }
                state.waiting.append(continuation)
                return nil
            }
            if let port { continuation.resume(returning: port) }
        }
    }
}
