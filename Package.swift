// swift-tools-version: 6.3
import PackageDescription

/// One set of rules for every target: Swift 6 language mode, strict memory safety, no warning tolerated.
let strict: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .strictMemorySafety(),
    .treatAllWarnings(as: .error),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("NonisolatedNonsendingByDefault"),
    .enableUpcomingFeature("InferIsolatedConformances"),
]

let nioCore: Target.Dependency = .product(name: "NIOCore", package: "swift-nio")
let nioPosix: Target.Dependency = .product(name: "NIOPosix", package: "swift-nio")
let logging: Target.Dependency = .product(name: "Logging", package: "swift-log")
let metrics: Target.Dependency = .product(name: "CoreMetrics", package: "swift-metrics")

func library(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
    .target(name: name, dependencies: dependencies, swiftSettings: strict)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
    .testTarget(name: name, dependencies: dependencies, swiftSettings: strict)
}

let package = Package(
    name: "gatehouse",
    products: [
        .executable(name: "gatehouse", targets: ["gatehouse"])
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-nio", from: "2.101.2"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.2"),
        .package(url: "https://github.com/apple/swift-metrics", from: "2.13.0"),
        .package(url: "https://github.com/apple/swift-http-types", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
        .package(url: "https://github.com/jpsim/Yams", from: "6.2.2"),
        .package(url: "https://github.com/swift-server/swift-service-lifecycle", from: "2.13.0"),
        .package(url: "https://github.com/hummingbird-project/hummingbird", from: "2.28.1", traits: []),
        .package(url: "https://github.com/hummingbird-project/swift-mustache", from: "2.1.1"),
    ],
    targets: [
        // 0 ground: the system's C libraries
        .systemLibrary(name: "CLDAP", pkgConfig: "ldap", providers: [.apt(["libldap2-dev"])]),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CHiredis", providers: [.apt(["libhiredis-dev"])]),
        .systemLibrary(name: "CUTF8Proc", providers: [.apt(["libutf8proc-dev"])]),

        // 1 primitives
        library("GatehouseCore", ["CUTF8Proc"]),
        library("Cryptography", ["COpenSSL"]),

        // 2 wrappers
        library("HTTPWire", [nioCore]),
        library("LDAPClient", ["CLDAP", "GatehouseCore"]),
        library("RedisClient", ["CHiredis", "GatehouseCore", "Cryptography", nioCore, nioPosix, logging]),

        // 3 domains
        library("Policy", ["GatehouseCore"]),
        library("Identity", ["GatehouseCore", "Cryptography", nioCore]),
        library("Directory", ["LDAPClient", "Cryptography", "GatehouseCore", logging]),
        library("Sessions", ["GatehouseCore", "Cryptography", "RedisClient", nioCore, logging]),
        library("Audit", ["GatehouseCore", "Cryptography"]),
        library("Operations", ["GatehouseCore", "HTTPWire", nioCore, nioPosix, logging, metrics]),

        // 4 planes
        library(
            "Proxy",
            ["GatehouseCore", "HTTPWire", "Policy", "Identity", "Sessions", nioCore, nioPosix, logging]
        ),
        library(
            "Portal",
            [
                "GatehouseCore", "Cryptography", "Policy", "Directory", "Sessions", "Audit", nioCore, logging,
                .product(name: "Hummingbird", package: "hummingbird"),
                .product(name: "Mustache", package: "swift-mustache"),
                .product(name: "HTTPTypes", package: "swift-http-types"),
            ]
        ),

        // 5 assembly
        library(
            "GatehouseConfiguration",
            [
                "GatehouseCore", "Cryptography", "Policy", "Identity", "Directory", "LDAPClient", "Sessions",
                "RedisClient", "Audit", "Proxy", .product(name: "Yams", package: "Yams"),
            ]
        ),
        .executableTarget(
            name: "gatehouse",
            dependencies: [
                "GatehouseConfiguration", "GatehouseCore", "Cryptography", "Policy", "Identity", "Directory",
                "LDAPClient", "Sessions", "RedisClient", "Audit", "Operations", "Proxy", "Portal", "HTTPWire", nioCore,
                nioPosix, logging, metrics,
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "ServiceLifecycle", package: "swift-service-lifecycle"),
                .product(name: "UnixSignals", package: "swift-service-lifecycle"),
            ],
            swiftSettings: strict
        ),

        // tests
        .target(
            name: "TestSupport",
            dependencies: ["GatehouseCore", "Sessions", nioCore, nioPosix],
            path: "Tests/TestSupport",
            swiftSettings: strict
        ),
        tests("GatehouseCoreTests", ["GatehouseCore", "TestSupport"]),
        tests("CryptographyTests", ["Cryptography"]),
        tests("HTTPWireTests", ["HTTPWire", nioCore]),
        tests("LDAPClientTests", ["LDAPClient", "GatehouseCore", "TestSupport"]),
        tests(
            "RedisClientTests",
            ["RedisClient", "GatehouseCore", "Cryptography", "TestSupport", nioCore, nioPosix, logging]
        ),
        tests("AuditTests", ["Audit", "Cryptography", "GatehouseCore", "TestSupport"]),
        tests("OperationsTests", ["Operations", "GatehouseCore", "TestSupport", nioCore, nioPosix, logging, metrics]),
        tests("PolicyTests", ["Policy", "GatehouseCore", "TestSupport"]),
        tests("IdentityTests", ["Identity", "Cryptography", "GatehouseCore", "TestSupport", nioCore]),
        tests("DirectoryTests", ["Directory", "LDAPClient", "GatehouseCore", "TestSupport", logging]),
        tests(
            "SessionsTests",
            ["Sessions", "RedisClient", "Cryptography", "GatehouseCore", "TestSupport", nioCore, nioPosix, logging]
        ),
        tests(
            "ProxyTests",
            [
                "Proxy", "HTTPWire", "Policy", "Identity", "Sessions", "Cryptography", "GatehouseCore", nioCore,
                nioPosix,
                logging,
            ]
        ),
        tests(
            "PortalTests",
            [
                "Portal", "Directory", "Policy", "Sessions", "Audit", "Cryptography", "GatehouseCore", nioCore,
                nioPosix, logging,
            ]
        ),
        tests(
            "GatehouseConfigurationTests",
            [
                "GatehouseConfiguration", "GatehouseCore", "Policy", "Identity", "Directory", "LDAPClient", "Sessions",
                "RedisClient", "Audit", "Proxy", .product(name: "Yams", package: "Yams"),
            ]
        ),
        .testTarget(
            name: "IntegrationTests",
            dependencies: ["gatehouse", "TestSupport"],
            exclude: ["Browser"],
            swiftSettings: strict
        ),
    ]
)
