/// Answers that refuse, in the shape of each dialect.
enum Refusals {
    /// An error with an HTTP status.
    static func answer(_ status: Int, dialect: Exchange.Dialect, message: String? = nil, retryAfter: Int?) -> Answer {
        let text = message ?? "The simulator was asked to answer \(status)."
        var answer = Answer(status: status, pieces: [body(status, dialect: dialect, message: text)])
        if let retryAfter { answer.headers.append(("retry-after", "\(retryAfter)")) }
        return answer
    }

    /// The body of an error.
    static func body(_ status: Int, dialect: Exchange.Dialect, message: String) -> String {
        switch dialect {
        case .openai:
            let (type, code): (String, String?) =
                switch status {
                case 401: ("invalid_request_error", "invalid_api_key")
                case 402: ("insufficient_quota", "insufficient_quota")
                case 404: ("invalid_request_error", "model_not_found")
                case 429: ("requests", "rate_limit_exceeded")
                case 500...: ("server_error", nil)
                default: ("invalid_request_error", nil)
                }
            return "{\"error\":{\"message\":\(message.json),\"type\":\"\(type)\",\"param\":null,\"code\":\(code.json)}}"
        case .anthropic:
            let type =
                switch status {
                case 401: "authentication_error"
                case 402: "billing_error"
                case 403: "permission_error"
                case 404: "not_found_error"
                case 413: "request_too_large"
                case 429: "rate_limit_error"
                case 529: "overloaded_error"
                case 500...: "api_error"
                default: "invalid_request_error"
                }
            return "{\"type\":\"error\",\"error\":{\"type\":\"\(type)\",\"message\":\(message.json)},"
                + "\"request_id\":\"req_sim\"}"
        case .gemini:
            let name =
                switch status {
                case 401: "UNAUTHENTICATED"
                case 403: "PERMISSION_DENIED"
                case 404: "NOT_FOUND"
                case 429: "RESOURCE_EXHAUSTED"
                case 503: "UNAVAILABLE"
                case 504: "DEADLINE_EXCEEDED"
                case 500...: "INTERNAL"
                default: "INVALID_ARGUMENT"
                }
            return "{\"error\":{\"code\":\(status),\"message\":\(message.json),\"status\":\"\(name)\"}}"
        }
    }

    /// The event with which a stream that began well reports an error.
    static func event(for exchange: Exchange) -> String {
        let message = "The simulator failed in the middle of its answer."
        switch (exchange.dialect, exchange.endpoint) {
        case (.openai, .response):
            return "event: error\ndata: {\"type\":\"error\",\"sequence_number\":99,\"code\":\"server_error\","
                + "\"message\":\(message.json),\"param\":null}\n\n"
        case (.openai, _): return "data: \(body(500, dialect: .openai, message: message))\n\n"
        case (.anthropic, _):
            return "event: error\ndata: \(body(529, dialect: .anthropic, message: message))\n\n"
        case (.gemini, _):
            let error = body(503, dialect: .gemini, message: message)
            return exchange.eventStream ? "data: \(error)\r\n\r\n" : ",\r\n\(error)\n]"
        }
    }
}
