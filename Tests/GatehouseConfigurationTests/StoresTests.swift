import Audit
import Foundation
import GatehouseConfiguration
import GatehouseCore
import RedisClient
import Sessions
import Testing

/// `redis`, `limits` and `audit` as they are taken.
@Suite struct StoresTests {
    private func folder(_ sections: String) throws -> ConfigurationFolder {
        let folder = try ConfigurationFolder()
        try folder.write(Sample.text + sections + "\n", to: "gatehouse.yaml")
        return folder
    }

    private func load(_ sections: String, environment: [String: String] = [:]) throws -> GatewayConfiguration {
        try folder(sections).load(environment: environment).get()
    }

    @Test(arguments: [
        ("redis://127.0.0.1", RedisConfiguration.Address.tcp(host: "127.0.0.1", port: 6379), 0),
        ("redis://localhost/", .tcp(host: "localhost", port: 6379), 0),
        ("redis://127.0.0.1:6380/15", .tcp(host: "127.0.0.1", port: 6380), 15),
        ("REDIS://[::1]:6380", .tcp(host: "::1", port: 6380), 0),
        ("redis://Redis.Example.com./2", .tcp(host: "redis.example.com", port: 6379), 2),
        ("unix:/run/redis/redis.sock", .unixSocket(path: "/run/redis/redis.sock"), 0),
        ("unix:///run/redis/redis.sock?db=3", .unixSocket(path: "/run/redis/redis.sock"), 3),
    ])
    func redisIsReachedByNameAddressOrSocket(url: String, address: RedisConfiguration.Address, database: Int) throws {
        let redis = try #require(try load("redis: { url: \"\(url)\" }").redis)
        #expect(redis == RedisConfiguration(topology: .single(address), database: database))
    }

    @Test func aSocketOfRedisIsTakenFromTheFolderOfTheFile() throws {
        let folder = try folder("redis: { url: \"unix:redis.sock\" }")
        #expect(
            try folder.load().get().redis?.topology == .single(.unixSocket(path: "\(folder.path)/redis.sock"))
        )
    }

    @Test(
        arguments: [
            ("{ url: \"redis://127.0.0.1\", password: { file: secret } }", nil, "s3cret"),
            ("{ url: \"redis://gate-1@127.0.0.1\", password: { env: REDIS } }", "gate-1", "p@ss:word"),
            ("{ url: \"redis://127.0.0.1\", user: \"gate: 1\", password: { file: secret } }", "gate: 1", "s3cret"),
        ] as [(String, String?, String)]
    )
    func redisIsToldAUserAndAPassword(section: String, user: String?, password: String) throws {
        let redis = try #require(try load("redis: \(section)", environment: ["REDIS": "p@ss:word"]).redis)
        #expect(redis.user == user)
        #expect(redis.password == Secret(utf8: password))
        #expect(!"\(redis)".contains(password))
    }

    @Test func noMistakeInTheURLRepeatsAPassword() throws {
        for url in [
            "redis://:hunter2@127.0.0.1", "redis://hunter2@127.0.0.1", "rediss://u:hunter2@h", "hunter2",
            "redis://u:hunter2",
            "redis://h/0?password=hunter2", "unix:/run/redis.sock?password=hunter2", "redis://u%3Ahunter2@h",
            "unix:hunter2?",
        ] {
            let lines = try folder("redis: { url: \"\(url)\" }").lines(.error)
            #expect(!lines.isEmpty && !lines.contains { $0.contains("hunter2") }, "\(url)")
        }
    }

    @Test func withoutRedisThereIsOneNode() throws {
        for section in ["", "redis: null", "redis: ~"] {
            let folder = try folder(section)
            #expect(try folder.load().get().redis == nil)
            #expect(
                folder.lines(.warning).contains { $0.contains(": redis: warning: sessions and counted failures are") }
            )
        }
        #expect(try !folder("redis: { url: \"redis://[::1]\" }").lines(.warning).contains { $0.contains(" redis") })
    }

    @Test func limitsHaveDefaultsKeyByKey() throws {
        let usual = SignInLimits()
        #expect(try load("").signInLimits == usual)
        #expect(try load("limits: {}").signInLimits == usual)
        #expect(try load("limits: { sign_in: {} }").signInLimits == usual)
        var changed = usual
        changed.perNetwork = .init(count: 1000, period: .seconds(86400))
        #expect(try load("limits: { sign_in: { per_network: 1000/1d } }").signInLimits == changed)
        let all = try load("limits: { sign_in: { per_account: \"1/1s\", per_network: 7/2h, lockout: 1d } }")
            .signInLimits
        #expect(
            all
                == SignInLimits(
                    perAccount: .init(count: 1, period: .seconds(1)),
                    perNetwork: .init(count: 7, period: .seconds(7200)),
                    lockout: .seconds(86400)
                )
        )
    }

    @Test func theTrailGoesWhereTheFileSays() throws {
        let redis = "redis: { url: \"redis://127.0.0.1\" }\n"
        let folder = try folder("audit: { file: log/audit.jsonl, syslog: true }")
        #expect(
            try folder.load().get().audit == AuditConfiguration(file: "\(folder.path)/log/audit.jsonl", syslog: true)
        )
        #expect(folder.lines(.warning).filter { $0.contains("audit") } == [])
        #expect(try load("audit: { syslog: true }").audit == AuditConfiguration(syslog: true))
        #expect(
            try load("\(redis)audit: { file: /a }").audit == AuditConfiguration(file: "/a", redisStream: true)
        )
        #expect(
            try load("\(redis)audit: { file: /a, redis_stream: false }").audit == AuditConfiguration(file: "/a")
        )
        #expect(try load("\(redis)audit: { redis_stream: true }").audit == AuditConfiguration(redisStream: true))
    }

    @Test func aTrailThatIsNotKeptIsSaid() throws {
        for section in ["", "audit: null", "audit: false"] {
            let folder = try folder("redis: { url: \"redis://127.0.0.1\" }\n\(section)")
            #expect(try folder.load().get().audit == AuditConfiguration())
            #expect(folder.lines(.warning).contains { $0.contains(": audit: warning: no audit trail is kept") })
        }
    }
}
