extension MessageLanguage {
    /// The first language: it has every text.
    static let english = MessageLanguage(
        tag: "en",
        texts: common.merging(signIn) { $1 }.merging(launcher) { $1 }.merging(signOut) { $1 }.merging(errors) { $1 }
            .merging(denials) { $1 }
    )

    private static let common: [MessageKey: String] = [
        .errorPrefix: "Error:",
        .help: "Need help? Contact your service desk.",
        .reference: "Reference",
        .skipToContent: "Skip to content",
        .signOut: "Sign out",
        .toLauncher: "Your applications",
        .retry: "Try again",
        .startAgain: "Start again",
    ]

    private static let signIn: [MessageKey: String] = [
        .signInTitle: "Sign in",
        .signInLead: "Use the account of your organisation.",
        .signInLeadTo: "Sign in to continue to {app}",
        .userName: "User name",
        .password: "Password",
        .signInButton: "Sign in",
        .signInRefused: "That user name or password is not right. Check both and try again.",
        .passwordExpired: "Your password has expired. Change it at your workplace, or contact the service desk.",
        .passwordMustChange:
            "Your password must be changed before you can sign in. Change it at your workplace, or contact the service desk.",
        .formStale:
            "This page was open for too long, or your browser does not keep cookies for it. Enter your password once more.",
        .signInUnavailable:
            "Sign-in is not available at the moment. If you are already signed in, your applications keep working.",
        .tooManyAttempts: "Too many attempts. Try again in {wait} (after {time}).",
        .waitSecond: "1 second",
        .waitSeconds: "{count} seconds",
        .waitMinute: "1 minute",
        .waitMinutes: "{count} minutes",
        .waitHours: "{count} hours",
        .clockInUTC: "{clock} UTC",
        .signedOut: "You are signed out.",
    ]

    private static let launcher: [MessageKey: String] = [
        .launcherTitle: "Your applications",
        .launcherEmptyTitle: "No applications yet",
        .launcherEmpty:
            "Nothing is open to your account at the moment. If you expected an application here, ask your manager or the service desk for the role that opens it.",
        .generalGroup: "General",
        .signedInAs: "Signed in as",
    ]

    private static let signOut: [MessageKey: String] = [
        .signOutTitle: "Sign out?",
        .signOutLead: "This ends your session in all applications. Save your work first.",
        .signOutConfirm: "Sign out",
        .signOutCancel: "Stay signed in",
        .appSignOutTitle: "Sign out of {app}?",
        .appSignOutLead: "You can end your session in all applications, or leave this one only.",
        .appSignOutEverywhere: "Sign out everywhere",
        .appSignOutHere: "Only this application",
        .signedOutHereTitle: "You left {app}",
        .signedOutHereLead:
            "Your other applications keep working. While you are signed in there, opening this one again asks for no password.",
        .notSignedInTitle: "You are not signed in",
        .notSignedInLead: "There is no session here that could be ended.",
        .openAgain: "Open {app}",
    ]

    private static let denials: [MessageKey: String] = [
        .deniedTitle: "You have no access here",
        .deniedLead: "You are signed in as {name}.",
        .deniedLeadAnonymous: "This page is not open to visitors.",
        .deniedHelp: "If you need access, contact the service desk and give them the reference.",
        .denialNoRule: "No rule of the application opens this page.",
        .denialNobody: "This page is closed to everybody.",
        .denialOtherDirectory: "The application does not know people of your directory.",
        .denialRole: "It takes the role {roles}, which your account does not have.",
        .denialRoles: "It takes one of the roles {roles}; your account has none of them.",
        .denialPermission: "It takes the permission {permission}, which your account does not have.",
        .denialNetwork: "It is not open to the network that you come from.",
        .denialBoundSegment: "It belongs to another {attribute} than yours.",
        .denialAmbiguousPath: "The address of the page can be read in more than one way.",
    ]

    private static let errors: [MessageKey: String] = [
        .badRequestTitle: "That request was not understood",
        .badRequest: "The address or the form has an unusual shape. Go back and try once more.",
        .signInNeededTitle: "Sign in to see this page",
        .signInNeeded: "You are not signed in, or your session has ended.",
        .otherSiteTitle: "That came from another site",
        .otherSite: "Nothing was changed, because the form was not sent from this page.",
        .notFoundTitle: "There is no such page",
        .notFound: "Check the address, or begin at your applications.",
        .methodNotAllowedTitle: "That does not work here",
        .methodNotAllowed: "The page exists, but it cannot be used in this way.",
        .bodyTooLargeTitle: "That was too much at once",
        .bodyTooLarge: "What was sent is larger than this address accepts.",
        .targetTooLongTitle: "The address is too long",
        .targetTooLong: "This address is longer than the gateway accepts.",
        .mediaTypeTitle: "That kind of content does not work here",
        .mediaType: "This address accepts the fields of its own form only.",
        .unknownHostTitle: "Nothing lives at this address",
        .unknownHost: "This host name belongs to no application here. Check the address.",
        .headTooLargeTitle: "The request is too large",
        .headTooLarge:
            "Your browser sent more than the gateway accepts. Deleting the cookies of this site often helps.",
        .internalErrorTitle: "Something went wrong here",
        .internalError:
            "The fault is ours, not yours. Try again in a moment; if it stays, tell the service desk the reference.",
        .upstreamFailedTitle: "{app} is not responding",
        .upstreamFailed:
            "The application cannot be reached at the moment. Nothing is wrong with your account. Try again shortly.",
        .upstreamSilentTitle: "{app} takes too long",
        .upstreamSilent:
            "The application did not answer in time. What you sent may have arrived all the same: look before you send it again.",
        .unavailableTitle: "Not available at the moment",
        .unavailable: "The gateway cannot answer this right now. Try again in a moment.",
        .linkRefusedTitle: "This link cannot sign you in",
        .linkRefused:
            "Either your browser refuses cookies of this site, or the link was used before. Allow cookies and start again.",
    ]
}
