package import Metering

/// An answer that Tollgate itself gives instead of an upstream's.
package struct Refusal: Equatable, Sendable {
    /// The HTTP status.
    package let status: Int
    /// The value of `x-tollgate-error`, stable for programs.
    package let code: String
    /// What happened and what to do, for people.
    package let message: String
    /// Seconds after which a new try is worthwhile.
    package var retryAfter: Int?

    package init(_ status: Int, _ code: String, _ message: String, retryAfter: Int? = nil) {
        self.status = status
        self.code = code
        self.message = message
        self.retryAfter = retryAfter
    }

    /// The reason phrase of the statuses in use.
    package static func reason(_ status: Int) -> String {
        switch status {
        case 400: "Bad Request"
        case 401: "Unauthorized"
        case 403: "Forbidden"
        case 404: "Not Found"
        case 405: "Method Not Allowed"
        case 408: "Request Timeout"
        case 413: "Content Too Large"
        case 415: "Unsupported Media Type"
        case 429: "Too Many Requests"
        case 431: "Request Header Fields Too Large"
        case 500: "Internal Server Error"
        case 502: "Bad Gateway"
        case 503: "Service Unavailable"
        case 504: "Gateway Timeout"
        case 505: "HTTP Version Not Supported"
        default: "Error"
        }
    }

    /// The error body in the words of the caller's dialect, so that its SDK can read it.
    package func body(_ dialect: Dialect) -> String {
        let text = Self.escaped(message)
        return switch dialect {
        case .anthropic:
            #"{"type":"error","error":{"type":"\#(anthropicType)","message":"\#(text)"}}"#
        case .gemini:
            #"{"error":{"code":\#(status),"message":"\#(text)","status":"\#(googleStatus)"}}"#
        case .bedrock, .cohere:
            #"{"message":"\#(text)","code":"\#(code)"}"#
        case .ollama:
            #"{"error":"\#(text)"}"#
        case .openai, .auto:
            #"{"error":{"message":"\#(text)","type":"\#(openAIType)","param":null,"code":"\#(code)"}}"#
        }
    }

    private var anthropicType: String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 404: "not_found_error"
        case 413: "request_too_large"
        case 429: "rate_limit_error"
        case 503: "overloaded_error"
        case 504: "timeout_error"
        case 500...: "api_error"
        default: "invalid_request_error"
        }
    }

    private var googleStatus: String {
        switch status {
        case 401: "UNAUTHENTICATED"
        case 403: "PERMISSION_DENIED"
        case 404: "NOT_FOUND"
        case 429: "RESOURCE_EXHAUSTED"
        case 502, 503: "UNAVAILABLE"
        case 504: "DEADLINE_EXCEEDED"
        case 500...: "INTERNAL"
        default: "INVALID_ARGUMENT"
        }
    }

    private var openAIType: String {
        switch status {
        case 401: "authentication_error"
        case 403: "permission_error"
        case 429: "rate_limit_error"
        case 500...: "server_error"
        default: "invalid_request_error"
        }
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case _ where scalar.value < 0x20: result += " "
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result
    }
}
