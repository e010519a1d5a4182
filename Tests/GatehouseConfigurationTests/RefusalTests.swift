import GatehouseConfiguration
import Policy
import Testing

@Suite struct RefusalTests {
    private func lines(_ input: BadInput, _ severity: ConfigurationProblem.Severity) throws -> [String] {
        let folder = try ConfigurationFolder()
        try folder.write("x", to: "open-secret", mode: 0o644)
        try folder.write("", to: "empty", mode: 0o600)
        try folder.write(String(repeating: "k", count: 32), to: "old.key", mode: 0o600)
        try folder.write(Sample.replacing(input.old, with: input.new), to: "gatehouse.yaml")
        return folder.lines(severity).map { String($0.trimmingPrefix("gatehouse.yaml:")) }
    }

    private func expectRefusal(_ input: BadInput) throws {
        #expect(try lines(input, .error) == input.expected)
    }

    @Test(arguments: Refusals.keys)
    func anUnknownMissingOrDoubleKeyIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.types)
    func aValueOfAnotherTypeIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.notInThisVersion)
    func aFeatureThatIsNotBuiltIsRefusedByName(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.server)
    func aServerThatStrangersCouldReachIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.directory)
    func aDirectoryThatCouldNotBeTrustedIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.secrets)
    func aSecretIsTakenFromASafePlaceAlone(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.roles)
    func aRoleThatMeansNothingIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.apps)
    func anAppWithoutAPlaceOfItsOwnIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.headers)
    func aHeaderThatCouldMisleadAnAppIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.rules)
    func aRuleThatCannotBeMeantIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.redis)
    func aStoreThatCannotBeReachedSafelyIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.limits)
    func aLimitThatLimitsNothingIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.audit)
    func aTrailWithoutAPlaceOfItsOwnIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.proxies)
    func aProxyThatCannotBeToldFromOthersIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.operation)
    func anOperationThatCannotBeMeantIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.keyFiles)
    func aKeyOfBeforeThatIsNoneIsRefused(input: BadInput) throws { try expectRefusal(input) }

    @Test(arguments: Refusals.activity)
    func aPathThatCannotBePassiveIsRefused(input: BadInput) throws { try expectRefusal(input) }

    /// Every request would come from the TLS server in front, and `networks` would let in nobody, or everybody.
    @Test func networksAreRefusedWhereTheAddressCannotBeKnown() throws {
        let text = Sample.replacing("http://login.gw.localhost:8080", with: "https://login.example.com")
            .replacing("roles: [sales] }", with: "roles: [sales], networks: [\"10.0.0.0/8\"] }")
        let folder = try ConfigurationFolder()
        try folder.write(text, to: "gatehouse.yaml")
        let found = folder.lines(.error)
        #expect(found.count == 1)
        #expect(found.first?.contains("apps[0].rules[1].networks: networks cannot be checked here") == true)
        #expect(found.first?.contains("\"server.trusted_proxies\"") == true)
        try folder.write(
            text.replacing("  listen:", with: "  trusted_proxies: [\"127.0.0.1\"]\n  listen:"),
            to: "gatehouse.yaml"
        )
        #expect(try folder.load().get().apps[0].rules[1].demand.networks.count == 1)
    }

    @Test(arguments: Refusals.doubtful + Refusals.doubtfulStores + Refusals.doubtfulOperation)
    func whatIsDoubtfulIsAWarning(input: BadInput) throws {
        let common = [": audit: warning: no audit trail", ": redis: ", ": second_factors.required: "]
        let found = try lines(input, .warning).filter { line in !common.contains { line.contains($0) } }
        #expect(found == input.expected)
        #expect(try lines(input, .error).isEmpty)
    }
}
