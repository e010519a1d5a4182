package import GatehouseCore

/// Which header names tell an application who is there.
package enum HeaderProfile: String, Sendable, CaseIterable {
    case remoteUser = "remote-user"

    /// Name and template of each field. Templates speak of the person's attributes, and of `roles` joined by commas.
    var fields: [(name: String, value: IdentityValue)] {
        switch self {
        case .remoteUser:
            [
                ("Remote-User", .user), ("Remote-Name", .attribute("name")), ("Remote-Email", .attribute("email")),
                ("Remote-Groups", .roles),
            ]
        }
    }
}

enum IdentityValue {
    case user
    case attribute(String)
    case roles
    case permissions
    case relations
    case realm
    case template(Template)
}

/// `apps[].headers`: what one application is told, and what it may be sent by clients besides.
package struct HeaderConfiguration: Sendable {
    package struct Field: Sendable {
        package let name: String
        package let value: Template

        package init(name: String, value: Template) {
            self.name = name
            self.value = value
        }
    }

    package var profile: HeaderProfile
    /// Fields of the app's own; each replaces the profile's field of that name.
    package var set: [Field]
    /// Client field names outside `[A-Za-z0-9-]` that may pass. Never one that folds to an identity header.
    package var pass: [String]

    package init(profile: HeaderProfile = .remoteUser, set: [Field] = [], pass: [String] = []) {
        self.profile = profile
        self.set = set
        self.pass = pass
    }
}
