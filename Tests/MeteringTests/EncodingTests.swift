import Accounting
import Foundation
import Metering
import Testing

/// Compresses with the system's gzip.
func gzip(_ bytes: [UInt8]) throws -> [UInt8] {
    let process = Process()
    process.executableURL = URL(filePath: "/usr/bin/env")
    process.arguments = ["gzip", "-c"]
    let input = Pipe()
    let output = Pipe()
    process.standardInput = input
    process.standardOutput = output
    try process.run()
    // A pipe's buffer is small, so one thread writes while this one reads.
    let writer = input.fileHandleForWriting
    Thread.detachNewThread {
        try? writer.write(contentsOf: Data(bytes))
        try? writer.close()
    }
    let data = try output.fileHandleForReading.readToEnd() ?? Data()
    process.waitUntilExit()
    return Array(data)
}

@Suite("Content codings")
struct EncodingTests {
    private func facts(_ fixture: Fixture, _ body: [UInt8], coding: String, cuts: [Int]) -> ResponseFacts {
        var meter = fixture.meter(coding: coding)
        feed(&meter, body, cuts: cuts)
        return meter.finish(.complete)
    }

    @Test(arguments: [Fixture.chatStream, .geminiStream, Fixture.plain[0]])
    func gzipIsReadAtEveryCut(_ fixture: Fixture) throws {
        let whole = fixture.facts()
        let body = try gzip(fixture.bytes)
        for cut in 1..<body.count { #expect(facts(fixture, body, coding: "GZIP", cuts: [cut]) == whole) }
        #expect(facts(fixture, body, coding: "gzip", cuts: Array(1..<body.count)) == whole)
        // The deflate data stands between a ten-byte header and an eight-byte trailer.
        #expect(facts(fixture, Array(body[10..<(body.count - 8)]), coding: "deflate", cuts: [7]) == whole)
    }

    @Test func membersFollowOneAnother() throws {
        let fixture = Fixture.chatStream
        let middle = fixture.bytes.count / 2
        let body = try gzip(Array(fixture.bytes[..<middle])) + gzip(Array(fixture.bytes[middle...]))
        #expect(facts(fixture, body, coding: "gzip", cuts: []) == fixture.facts())
        #expect(facts(fixture, body, coding: "gzip", cuts: Array(1..<body.count)) == fixture.facts())
    }

    @Test(arguments: ["br", "zstd", "gzip, gzip"])
    func unknownCodingsAreUnreadable(_ coding: String) {
        let result = facts(Fixture.plain[0], Fixture.plain[0].bytes, coding: coding, cuts: [])
        #expect(result.unreadable)
        #expect(result.usage.source == .none)
    }

    @Test func swellingIsBounded() throws {
        // A megabyte is free; beyond it nothing may be three hundred times its packed size.
        let fixture = Fixture.plain[0]
        let blanks = [UInt8](repeating: 0x20, count: 8 << 20)
        let result = facts(fixture, try gzip(blanks + fixture.bytes), coding: "gzip", cuts: [])
        #expect(result.unreadable)
        #expect(result.usage.source == .none)
    }

    @Test func compressedRequestsAreLookedInto() throws {
        let route = Route(method: "POST", path: "/v1/chat/completions", query: nil, hint: .openai)
        func read(_ body: [UInt8], _ coding: String) -> RequestFacts {
            body.withUnsafeBytes {
                RequestFacts(scanning: $0, route: route, contentType: "application/json", contentEncoding: coding)
            }
        }
        let plain = Array(#"{"model":"m","stream":true,"messages":[]}"#.utf8)
        let packed = try gzip(plain)
        for (body, coding) in [(packed, "gzip"), (Array(packed[10..<(packed.count - 8)]), "deflate")] {
            let found = read(body, coding)
            #expect(found.model == "m")
            #expect(found.stream == true)
            // Nothing can be edited in place.
            #expect(found.modelRange == nil)
            #expect(found.usageInsertion == nil)
        }
        #expect(read(plain, "identity").modelRange != nil)
        var opaque = RequestFacts()
        opaque.isOpaque = true
        #expect(read(plain, "zstd") == opaque)
        #expect(read(plain, "gzip") == opaque)
        let long = plain.dropLast() + Array(#","x":""#.utf8) + [UInt8](repeating: 0x61, count: 5 << 20)
        #expect(try read(gzip(Array(long)), "gzip").model == "m")
    }

    @Test func damagedOrCutGzipIsUnreadable() throws {
        let fixture = Fixture.plain[0]
        var body = try gzip(fixture.bytes)
        #expect(facts(fixture, Array(body[..<(body.count / 2)]), coding: "gzip", cuts: []).unreadable)
        body[body.count / 2] ^= 0xFF
        body[body.count / 2 + 1] ^= 0xFF
        let result = facts(fixture, body, coding: "gzip", cuts: [])
        #expect(result.unreadable || result.usage.source != .none)
    }
}
