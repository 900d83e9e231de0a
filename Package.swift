// swift-tools-version: 6.2
import PackageDescription

// `TOLLGATE_SCOPE=core swift test` leaves out everything that needs NIO, Yams or Hummingbird, so that the
// tests of the pure targets, the store and the ledger build in seconds.
let coreOnly = Context.environment["TOLLGATE_SCOPE"] == "core"

let swiftSettings: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .treatAllWarnings(as: .error),
]

// The release executable carries the Swift runtime and needs none on the machine that runs it. This is a setting of
// the link alone: `--static-swift-stdlib` compiles everything differently, and tests cannot be built with it because
// Swift Testing has no static library. The libraries are those that the static Foundation leans on. Nothing looks up
// symbols in an executable, so it exports none, and what nobody calls is left out with them; lld, which comes with every
// toolchain, does that, folds equal functions, and is done in half the time. Packed relocations are read at every start:
// 50 kB in place of 3 MB.
let staticRuntime: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-static-stdlib", "-lCoreFoundation", "-l_FoundationICU", "-l_FoundationCShims", "-l_FoundationCollections",
            "-use-ld=lld", "-Xlinker", "--no-export-dynamic", "-Xlinker", "--icf=safe",
            "-Xlinker", "-z", "-Xlinker", "pack-relative-relocs",
        ],
        .when(platforms: [.linux], configuration: .release)
    )
]

let crypto: Target.Dependency = .product(name: "Crypto", package: "swift-crypto")
let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let nioTLS: Target.Dependency = .product(name: "NIOTLS", package: "swift-nio")
let nioHTTP1: Target.Dependency = .product(name: "NIOHTTP1", package: "swift-nio")
let nioEmbedded: Target.Dependency = .product(name: "NIOEmbedded", package: "swift-nio")
let nioSSL: Target.Dependency = .product(name: "NIOSSL", package: "swift-nio-ssl")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let lifecycle: Target.Dependency = .product(name: "ServiceLifecycle", package: "swift-service-lifecycle")
let unixSignals: Target.Dependency = .product(name: "UnixSignals", package: "swift-service-lifecycle")
let arguments: Target.Dependency = .product(name: "ArgumentParser", package: "swift-argument-parser")
let yams: Target.Dependency = .product(name: "Yams", package: "Yams")
let hummingbird: Target.Dependency = .product(name: "Hummingbird", package: "hummingbird")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: swiftSettings)
}

let core: [Target] = [
    .target(name: "CLevelDB", linkerSettings: [.linkedLibrary("leveldb")]),
    .target(name: "CZlib", linkerSettings: [.linkedLibrary("z")]),
    library("LevelDB", ["CLevelDB"]),
    library("Accounting"),
    library("Metering", ["Accounting", "CZlib"]),
    library("Ledger", ["LevelDB", crypto]),
    library("Events", ["Accounting", "Metering", "Ledger"]),
    library("Views", ["Events", "Accounting", "Ledger"]),
    tests("LevelDBTests", ["LevelDB"]),
    tests("AccountingTests", ["Accounting"]),
    tests("MeteringTests", ["Metering", "Accounting"]),
    tests("LedgerTests", ["Ledger", "LevelDB"]),
    tests("EventsTests", ["Events", "Accounting", "Metering", "Ledger"]),
    tests("ViewsTests", ["Views", "Events", "Accounting", "Ledger"]),
]

let network: [Target] = [
    library("Settings", ["Accounting", crypto, yams]),
    library("Simulator", [nioCore, nioPosix, nioHTTP1]),
    library(
        "Gateway",
        ["Metering", "Accounting", "Events", "Ledger", "Settings", nioCore, nioPosix, nioTLS, nioSSL, logging, crypto]
    ),
    library(
        "Admin",
        [
            "Views", "Events", "Ledger", "Accounting", "Settings", hummingbird, lifecycle, logging, nioCore, nioPosix,
            nioHTTP1,
        ]
    ),
    .executableTarget(
        name: "tollgate",
        dependencies: [
            "Gateway", "Admin", "Views", "Events", "Ledger", "Accounting", "Settings", "Simulator",
            arguments, lifecycle, unixSignals, logging, nioCore, nioPosix, nioHTTP1,
        ],
        swiftSettings: swiftSettings,
        linkerSettings: staticRuntime
    ),
    tests("SettingsTests", ["Settings", "Accounting"]),
    tests("SimulatorTests", ["Simulator", nioCore, nioPosix]),
    tests(
        "GatewayTests",
        [
            "Gateway", "Simulator", "Settings", "Events", "Ledger", "Accounting", "Metering",
            nioCore, nioPosix, nioHTTP1, nioSSL, nioEmbedded, logging,
        ]
    ),
    tests(
        "AdminTests",
        ["Admin", "Views", "Events", "Ledger", "Accounting", "Settings", nioCore, nioPosix, logging]
    ),
]

let package = Package(
    name: "tollgate",
    dependencies: [
        .package(url: "https://github.com/apple/swift-crypto", exact: "4.5.2")
    ]
        + (coreOnly
            ? []
            : [
                .package(url: "https://github.com/apple/swift-nio", exact: "2.101.2"),
                .package(url: "https://github.com/apple/swift-nio-ssl", exact: "2.37.6"),
                .package(url: "https://github.com/apple/swift-argument-parser", exact: "1.8.2"),
                .package(url: "https://github.com/apple/swift-log", exact: "1.16.2"),
                .package(url: "https://github.com/swift-server/swift-service-lifecycle", exact: "2.13.0"),
                .package(url: "https://github.com/jpsim/Yams", exact: "6.2.2"),
                .package(url: "https://github.com/hummingbird-project/hummingbird", exact: "2.28.1"),
            ]),
    targets: coreOnly ? core : core + network,
    swiftLanguageModes: [.v6],
    cxxLanguageStandard: .cxx17
)
