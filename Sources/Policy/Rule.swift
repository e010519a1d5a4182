package import GatehouseCore

/// What a rule asks of a request that it matched. All parts must be met.
package struct Demand: Sendable, Hashable {
    package enum Audience: String, Sendable, Hashable, CaseIterable {
        case anyone
        case signedIn = "signed_in"
        case nobody
    }

    package var audience: Audience?
    /// One of these roles.
    package var roles: [String]
    /// All of these permissions.
    package var permissions: [String]
    /// One of these networks.
    package var networks: [Network]
    /// In an alternative: the rule's `{name}` segments are not compared with the person.
    package var unbound: Bool

    package init(
        audience: Audience? = nil,
        roles: [String] = [],
        permissions: [String] = [],
        networks: [Network] = [],
        unbound: Bool = false
    ) {
        self.audience = audience
        self.roles = roles
        self.permissions = permissions
        self.networks = networks
        self.unbound = unbound
    }

    /// Whether the demand says anything at all about who may pass.
    package var isEmpty: Bool {
        audience == nil && roles.isEmpty && permissions.isEmpty && networks.isEmpty
    }

    /// Whether nobody has to sign in for this; `networks` count all the same. A role or permission beside `anyone` asks
    /// for a person, because all parts must be met.
    var isMetByAnyone: Bool { audience == .anyone && roles.isEmpty && permissions.isEmpty }

    /// Whether nothing is said about who the person is.
    var leavesPersonOpen: Bool { audience == nil && roles.isEmpty && permissions.isEmpty }
}

/// A rule matches by path and method alone; the first that matches decides.
package struct Rule: Sendable {
    package var path: PathPattern
    /// `nil` is every method.
    package var methods: Set<RequestMethod>?
    package var demand: Demand
    /// Alternatives of which one must be met, besides ``demand``; empty = none demanded.
    package var any: [Demand]

    package init(path: PathPattern, methods: Set<RequestMethod>? = nil, demand: Demand, any: [Demand] = []) {
        self.path = path
        self.methods = methods
        self.demand = demand
        self.any = any
    }
}

/// One protected application, as far as decisions about it go.
package struct AppPolicy: Sendable {
    package enum EncodedSlash: String, Sendable, CaseIterable {
        case refuse
        case keep
    }

    package var name: String
    package var title: String
    /// Canonical host names.
    package var hosts: [String]
    /// Prefixes, each beginning with a slash and ending without one; empty = the whole host.
    package var paths: [String]
    /// The origin of each host, by host.
    package var origins: [String: Origin]
    package var encodedSlash: EncodedSlash
    package var mergeSlashes: Bool
    /// Names of the directories whose people this app knows; `nil` = all.
    package var directories: Set<String>?
    package var rules: [Rule]
    /// Where the launcher's tile leads, a path that may name attributes of the person.
    package var launch: Template

    package init(
        name: String,
        title: String,
        hosts: [String],
        paths: [String] = [],
        origins: [String: Origin],
        encodedSlash: EncodedSlash = .refuse,
        mergeSlashes: Bool = true,
        directories: Set<String>? = nil,
        rules: [Rule],
        launch: Template
    ) {
        self.name = name
        self.title = title
        self.hosts = hosts
        self.paths = paths
        self.origins = origins
        self.encodedSlash = encodedSlash
        self.mergeSlashes = mergeSlashes
        self.directories = directories
        self.rules = rules
        self.launch = launch
    }
}
