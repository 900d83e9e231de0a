import NIOCore

/// The bytes of an answer and when they are sent.
struct Script {
    /// One step.
    enum Step {
        case write(ByteBuffer)
        /// Milliseconds.
        case wait(Int)
        /// Closes the connection after what was written.
        case close
        /// Resets the connection.
        case reset
        /// Nothing more is sent; the connection stays open until the client ends it.
        case silence
    }

    var steps: [Step] = []

    /// The script of an answer to `exchange`; nil exchange means a path the simulator does not know.
    init(_ answer: Answer, exchange: Exchange?, fault: Controls.Fault? = nil) {
        let controls = exchange?.controls
        if let delay = controls?.delay, delay > 0 { steps.append(.wait(delay)) }
        switch fault {
        case .hang:
            steps.append(.silence)
            return
        case .close:
            steps.append(.close)
            return
        case .reset where controls?.at == nil:
            steps.append(.reset)
            return
        default: break
        }
        let pieces = Self.pieces(answer, exchange: exchange, fault: fault)
        var head = Self.head(answer)
        if fault == .hugeHeader {
            head += "x-sim-huge: \(String(repeating: "h", count: controls?.header ?? 0))\r\n"
        }
        if answer.streamed {
            head += "transfer-encoding: chunked\r\n\r\n"
        } else {
            let extra = fault == .truncate ? 64 : 0
            head += "content-length: \(pieces.reduce(extra) { $0 + $1.count })\r\n\r\n"
        }
        steps.append(.write(ByteBuffer(string: head)))
        body(pieces, answer: answer, controls: controls, fault: fault)
    }

    private static func head(_ answer: Answer) -> String {
        var head = "HTTP/1.1 \(answer.status) \(reason(answer.status))\r\ncontent-type: \(answer.contentType)\r\n"
        for (name, value) in answer.headers { head += "\(name): \(value)\r\n" }
        if let usage = answer.usage { head += "x-sim-usage: \(usage)\r\n" }
        return head
    }

    /// The body's pieces with everything that goes wrong inside them.
    private static func pieces(_ answer: Answer, exchange: Exchange?, fault: Controls.Fault?) -> [[UInt8]] {
        var pieces = answer.pieces.map { Array($0.utf8) }
        guard let exchange, let fault else { return pieces }
        let middle = min(exchange.controls.at ?? pieces.count / 2, pieces.count)
        switch fault {
        case .malformed where answer.streamed:
            pieces.insert(Array("data: {\"choices\":[{\"delta\":{\"content\":\"unfinished\n\n".utf8), at: middle)
        case .malformed:
            pieces = [Array("{\"id\":\"sim\",\"usage\":{\"prompt_tokens\":12,\"completion_tokens\":".utf8)]
        case .badSSE where answer.streamed:
            pieces.insert(
                Array("dat\u{0}a {]\n:\nevent\n\n\ndata\nid:\u{FFFD}\n\nretry: x\n\n".utf8) + [0xFF, 0xC3, 10, 10],
                at: middle
            )
        case .errorEvent where answer.streamed:
            pieces = pieces[..<max(middle, 1)] + [Array(Refusals.event(for: exchange).utf8)]
        case .errorEvent:
            let error = Refusals.body(500, dialect: exchange.dialect, message: "The simulator failed.")
            pieces = [Array(error.utf8)]
        case .utf8Split: pieces = utf8Split(Array(pieces.joined()))
        default: break
        }
        return pieces
    }

    /// Cuts before every second byte of a character that has several, else nowhere.
    private static func utf8Split(_ bytes: [UInt8]) -> [[UInt8]] {
        var pieces: [[UInt8]] = []
        var piece: [UInt8] = []
        for (index, byte) in bytes.enumerated() {
            if index > 0, byte & 0xC0 == 0x80, bytes[index - 1] >= 0xC0 {
                pieces.append(piece)
                piece = []
            }
            piece.append(byte)
        }
        pieces.append(piece)
        return pieces
    }

    private mutating func body(_ pieces: [[UInt8]], answer: Answer, controls: Controls?, fault: Controls.Fault?) {
        let broken: Step? =
            switch fault {
            case .cut: .close
            case .stall: .silence
            case .reset: .reset
            default: nil
            }
        let at = min(controls?.at ?? pieces.count / 2, pieces.count)
        // Pieces of a plain body need a pause between them to arrive as pieces.
        let pace = controls?.pace ?? 0
        let pause = pace > 0 ? pace : fault == .utf8Split ? 1 : 0
        for (index, piece) in pieces.enumerated() {
            if let broken, index == at {
                // A plain body breaks inside its one piece.
                if !answer.streamed { steps.append(.write(ByteBuffer(bytes: piece.prefix(piece.count / 2)))) }
                steps.append(broken)
                return
            }
            if index > 0, pause > 0 { steps.append(.wait(pause)) }
            steps.append(.write(answer.streamed ? Self.chunk(piece) : ByteBuffer(bytes: piece)))
        }
        if let broken {
            steps.append(broken)
        } else if fault == .truncate {
            steps.append(.close)
        } else if answer.streamed {
            steps.append(.write(ByteBuffer(string: "0\r\n\r\n")))
        }
    }

    /// One chunk of the chunked transfer coding.
    private static func chunk(_ piece: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        guard !piece.isEmpty else { return buffer }
        buffer.reserveCapacity(piece.count + 12)
        buffer.writeString(String(piece.count, radix: 16))
        buffer.writeStaticString("\r\n")
        buffer.writeBytes(piece)
        buffer.writeStaticString("\r\n")
        return buffer
    }

    private static func reason(_ status: Int) -> String {
        switch status {
        case 200: "OK"
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 404: "Not Found"
        case 413: "Content Too Large"
        case 429: "Too Many Requests"
        case 500: "Internal Server Error"
        case 503: "Service Unavailable"
        default: "Status"
        }
    }
}
