import Events
import Foundation
import Ledger
import Testing

@Suite struct IdentitiesTests {
    private let folder = FileManager.default.temporaryDirectory
        .appendingPathComponent("tollgate-identities-\(UUID().uuidString)").path

    private func inFolder(_ body: () throws -> Void) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try body()
    }

    private var path: String { Identities.path(folder) }

    private func open(isReadOnly: Bool = false) throws -> Identities {
        try Identities.open(directory: folder, isReadOnly: isReadOnly)
    }

    @Test func idsStayOverARestart() throws {
        try inFolder {
            let first = try open()
            let ids = try first.ids(for: ["alice", "bob \n%", ""], now: 5)
            #expect(Set(ids.values).count == 3)
            for id in ids.values {
                #expect(id.utf8.count == 18)
                #expect(id.hasPrefix("c_"))
            }
            let second = try open()
            #expect(second.clients == first.clients)
            #expect(second.salt == first.salt)
            #expect(try second.ids(for: ["bob \n%", "carol"], now: 6)["bob \n%"] == ids["bob \n%"])
            #expect(second.names[ids["alice"] ?? ""] == "alice")
            #expect(second.names.shown("c_ffffffffffffffff") == "c_ffffffffffffffff")
            let mode = try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
        }
    }

    @Test func aForgottenNameIsGoneAndComesBackAsSomebodyElse() throws {
        try inFolder {
            let table = try open()
            let ids = try table.ids(for: ["alice", "bob"], now: 5)
            #expect(try table.forget("alice")?.id == ids["alice"])
            #expect(try table.forget("alice") == nil)
            let content = try #require(FileManager.default.contents(atPath: path))
            #expect(!String(decoding: content, as: UTF8.self).contains("alice"))
            #expect(try open().names[ids["alice"] ?? ""] == nil)
            #expect(try table.ids(for: ["alice"], now: 6)["alice"] != ids["alice"])
            #expect(try table.forget(ids["bob"] ?? "")?.name == "bob")
        }
    }

    @Test func damageIsToldAtEveryByteAndLength() throws {
        try inFolder {
            _ = try open().ids(for: ["alice", "bob"], now: 5)
            let content = try #require(FileManager.default.contents(atPath: path)).map { $0 }
            for index in content.indices {
                var damaged = content
                damaged[index] ^= 1
                try Data(damaged).write(to: URL(fileURLWithPath: path))
                let error = #expect(throws: LedgerError.self) { _ = try open() }
                #expect(error?.code == .damaged)
                #expect(error?.message.contains("The ledger is not affected") == true)
                try Data(content.prefix(index)).write(to: URL(fileURLWithPath: path))
                #expect(throws: LedgerError.self) { _ = try open() }
            }
        }
    }

    @Test func whoOnlyReadsWritesNothing() throws {
        try inFolder {
            let table = try open(isReadOnly: true)
            _ = try table.ids(for: ["alice"], now: 5)
            #expect(!FileManager.default.fileExists(atPath: path))
        }
    }

    @Test func whatCannotBeWrittenDoesNotHold() throws {
        try inFolder {
            let table = try open()
            _ = try table.ids(for: ["alice"], now: 5)
            try FileManager.default.removeItem(atPath: folder)
            #expect(throws: LedgerError.self) { try table.ids(for: ["bob"], now: 6) }
            #expect(throws: LedgerError.self) { try table.forget("alice") }
            #expect(table.clients.map(\.name) == ["alice"])
        }
    }

    @Test func aNameHasABound() throws {
        let table = Identities()
        #expect(throws: LedgerError.self) { try table.ids(for: [String(repeating: "x", count: 257)], now: 0) }
        #expect(table.clients.isEmpty)
        _ = try table.ids(for: [String(repeating: "x", count: 256)], now: 0)
    }
}
