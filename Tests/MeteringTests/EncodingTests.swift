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
    // Inputs here are smaller than a pipe's buffer.
    try input.fileHandleForWriting.write(contentsOf: Data(bytes))
    try input.fileHandleForWriting.close()
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
