package import GatehouseCore
package import Policy

/// What went wrong with a request, for a person or a program to read. The texts are the catalogue's.
package struct ErrorPage: Sendable, Equatable {
    package enum Kind: Sendable, Equatable {
        /// 400
        case badRequest
        /// 401: a page for who looks at it, with a link to the sign-in page.
        case signInNeeded(url: String)
        /// 403, from the rules of an app.
        case denied(app: String, reason: Denial.Reason, person: String?)
        /// 403: a form that came from elsewhere.
        case otherSite
        /// 404
        case notFound
        /// 405
        case methodNotAllowed
        /// 413
        case bodyTooLarge
        /// 414
        case targetTooLong
        /// 415
        case mediaType
        /// 421
        case unknownHost
        /// 431
        case headTooLarge
        /// 500
        case internalError
        /// 502, naming the app's title.
        case upstreamFailed(app: String)
        /// 503
        case unavailable
        /// 504, naming the app's title.
        case upstreamSilent(app: String)
        /// 400 of a callback: no cookie, or a ticket that was used.
        case linkRefused(startAgain: String)
    }

    package var kind: Kind
    package var reference: RequestID

    package init(_ kind: Kind, reference: RequestID) {
        self.kind = kind
        self.reference = reference
    }

    package var status: Int {
        switch kind {
        case .badRequest, .linkRefused: 400
        case .signInNeeded: 401
        case .denied, .otherSite: 403
        case .notFound: 404
        case .methodNotAllowed: 405
        case .bodyTooLarge: 413
        case .targetTooLong: 414
        case .mediaType: 415
        case .unknownHost: 421
        case .headTooLarge: 431
        case .internalError: 500
        case .upstreamFailed: 502
        case .unavailable: 503
        case .upstreamSilent: 504
        }
    }
}

extension ErrorPage {
    /// The last part of a problem document's `type`: programs compare it, so it never changes.
    var problemName: String {
        switch kind {
        case .badRequest: "bad-request"
        case .signInNeeded: "sign-in-needed"
        case .denied: "denied"
        case .otherSite: "other-site"
        case .notFound: "not-found"
        case .methodNotAllowed: "method-not-allowed"
        case .bodyTooLarge: "body-too-large"
        case .targetTooLong: "target-too-long"
        case .mediaType: "media-type"
        case .unknownHost: "unknown-host"
        case .headTooLarge: "head-too-large"
        case .internalError: "internal-error"
        case .upstreamFailed: "upstream-failed"
        case .unavailable: "unavailable"
        case .upstreamSilent: "upstream-silent"
        case .linkRefused: "link-refused"
        }
    }

    /// The heading, in the reader's language.
    func title(_ messages: Messages) -> String {
        switch kind {
        case .badRequest: messages.text(.badRequestTitle)
        case .signInNeeded: messages.text(.signInNeededTitle)
        case .denied: messages.text(.deniedTitle)
        case .otherSite: messages.text(.otherSiteTitle)
        case .notFound: messages.text(.notFoundTitle)
        case .methodNotAllowed: messages.text(.methodNotAllowedTitle)
        case .bodyTooLarge: messages.text(.bodyTooLargeTitle)
        case .targetTooLong: messages.text(.targetTooLongTitle)
        case .mediaType: messages.text(.mediaTypeTitle)
        case .unknownHost: messages.text(.unknownHostTitle)
        case .headTooLarge: messages.text(.headTooLargeTitle)
        case .internalError: messages.text(.internalErrorTitle)
        case .upstreamFailed(let app): messages.text(.upstreamFailedTitle, "app", app)
        case .unavailable: messages.text(.unavailableTitle)
        case .upstreamSilent(let app): messages.text(.upstreamSilentTitle, "app", app)
        case .linkRefused: messages.text(.linkRefusedTitle)
        }
    }

    /// What is to be said below the heading, sentence by sentence; the first one matters most.
    func sentences(_ messages: Messages) -> [String] {
        switch kind {
        case .badRequest: [messages.text(.badRequest)]
        case .signInNeeded: [messages.text(.signInNeeded)]
        case .denied(_, let reason, let person):
            [
                messages.text(reason),
                person.map { messages.text(.deniedLead, "name", $0) } ?? messages.text(.deniedLeadAnonymous),
                messages.text(.deniedHelp),
            ]
        case .otherSite: [messages.text(.otherSite)]
        case .notFound: [messages.text(.notFound)]
        case .methodNotAllowed: [messages.text(.methodNotAllowed)]
        case .bodyTooLarge: [messages.text(.bodyTooLarge)]
        case .targetTooLong: [messages.text(.targetTooLong)]
        case .mediaType: [messages.text(.mediaType)]
        case .unknownHost: [messages.text(.unknownHost)]
        case .headTooLarge: [messages.text(.headTooLarge)]
        case .internalError: [messages.text(.internalError)]
        case .upstreamFailed: [messages.text(.upstreamFailed)]
        case .unavailable: [messages.text(.unavailable)]
        case .upstreamSilent: [messages.text(.upstreamSilent)]
        case .linkRefused: [messages.text(.linkRefused)]
        }
    }
}

extension Messages {
    /// A denial in plain words.
    func text(_ reason: Denial.Reason) -> String {
        switch reason {
        case .noRule: text(.denialNoRule)
        case .nobody: text(.denialNobody)
        case .otherDirectory: text(.denialOtherDirectory)
        case .missingRole(let roles) where roles.count == 1: text(.denialRole, "roles", roles[0])
        case .missingRole(let roles): text(.denialRoles, "roles", roles.joined(separator: ", "))
        case .missingPermission(let permission): text(.denialPermission, "permission", permission)
        case .network: text(.denialNetwork)
        case .boundSegment(let attribute): text(.denialBoundSegment, "attribute", attribute)
        case .ambiguousPath: text(.denialAmbiguousPath)
        }
    }
}
