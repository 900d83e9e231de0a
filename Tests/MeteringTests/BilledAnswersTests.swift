import Metering
import Testing

@Suite("Stored answers are billed once")
struct BilledAnswersTests {
    @Test func onceForEachGroupAndAnswer() {
        var billed = BilledAnswers()
        func bill(_ group: String, _ answer: String) -> Bool { billed.bill(group: group, answer: answer) }
        #expect(bill("a", "r1"))
        #expect(!bill("a", "r1"))
        #expect(bill("a", "r2"))
        #expect(bill("b", "r1"))
        #expect(bill("ar", "1"))
    }

    @Test func forgetsTheOldestFirst() {
        var billed = BilledAnswers(capacity: 3)
        func bill(_ answer: String) -> Bool { billed.bill(group: "g", answer: answer) }
        for answer in ["1", "2", "3", "4"] { #expect(bill(answer)) }
        for answer in ["2", "3", "4"] { #expect(!bill(answer)) }
        #expect(bill("1"))
        #expect(bill("2"))
    }

    @Test(
        arguments: [
            ("POST", "/v1/responses", "{}", true), ("POST", "/v1/chat/completions", "{}", false),
            ("POST", "/v1/chat/completions", #"{"store":true}"#, true),
            ("POST", "/v1/chat/completions", #"{"store":false}"#, false),
            ("POST", "/v1beta/interactions", "{}", true), ("POST", "/v1/threads/t/runs", "{}", true),
            ("POST", "/v1/messages", "{}", false),
        ]
    )
    func answersThatAreKept(_ method: String, _ path: String, _ body: String, _ isStored: Bool) {
        let route = Route(method: method, path: path, query: nil, hint: .auto)
        let facts = Array(body.utf8).withUnsafeBytes { RequestFacts(scanning: $0, route: route, contentType: nil) }
        #expect((route.isStored || facts.isStored) == isStored)
    }
}
