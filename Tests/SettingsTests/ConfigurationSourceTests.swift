import Foundation
import Settings
import Testing

@Suite struct ConfigurationSourceTests {
    @Test func readsFilesBesideTheConfiguration() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("tollgate-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data("# the keys\n  sk-one  \n\nsk-two\n".utf8).write(to: folder.appendingPathComponent("keys.txt"))
        let file = folder.appendingPathComponent("tollgate.yaml")
        try Data("groups: {a: {upstreams: [{url: http://h}], keys: [file:keys.txt]}}".utf8).write(to: file)
        let configuration = try Configuration.load(path: file.path, environment: [:])
        #expect(configuration.groups.first?.keys == ["sk-one", "sk-two"])
    }

    @Test func aMissingFileIsNamed() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.load(path: "/nonexistent/t.yaml", environment: [:])
        }
        #expect(error.description.contains("/nonexistent/t.yaml: the file cannot be read"))
    }

    @Test func withoutAFileTheThreeProvidersAreThere() throws {
        let configuration = try Configuration.standard(environment: ["OPENAI_API_KEY": "sk-1", "METRICS_TOKEN": "m"])
        #expect(configuration.groups.map(\.name) == ["openai", "anthropic", "gemini"])
        #expect(configuration.groups.map(\.keys) == [["sk-1"], [], []])
        #expect(configuration.groups.map(\.provider) == ["openai", "anthropic", "google"])
        #expect(configuration.listen == .init(host: "127.0.0.1", port: 8080))
        #expect(configuration.metrics.token == "m")
    }

    @Test func theEnvironmentIsCheckedToo() throws {
        let error = try #require(throws: ConfigurationError.self) {
            try Configuration.standard(environment: ["TOLLGATE_LISTEN": "x", "TOLLGATE_ADMIN_LISTEN": "0.0.0.0:1"])
        }
        #expect(error.problems.map(\.setting) == ["TOLLGATE_LISTEN", "admin.token"])
        let guarded = try Configuration.standard(
            environment: ["TOLLGATE_ADMIN_TOKEN": "t", "TOLLGATE_ADMIN_LISTEN": "0.0.0.0:1"]
        )
        #expect(guarded.admin.listen?.host == "0.0.0.0")
    }
}
