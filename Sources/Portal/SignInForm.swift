internal import GatehouseCore

/// The sign-in page: what it says and what it keeps.
struct SignInForm: Sendable {
    /// A name that is longer is not put back into the field.
    private static let nameLimit = 256

    let onward: Onward
    private let userName: String
    private let status: MessageKey?
    private var problem: MessageKey?
    private var pause: SignInPause?
    private var isInvalid = false
    private var reference: RequestID?

    init(onward: Onward, userName: String? = nil, status: MessageKey? = nil) {
        self.onward = onward
        self.status = status
        let isKept = (userName?.utf8.count ?? 0) <= Self.nameLimit
        self.userName = isKept ? Self.oneLine(userName ?? "") : ""
    }

    private static func oneLine(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.filter { scalar in
                    switch scalar {
                    case "\0", "\n"..."\r", "\u{85}", "\u{2028}", "\u{2029}": false
                    default: true
                    }
                }
            )
        )
    }

    /// - Parameter isInvalid: whether the fields themselves are at fault.
    func with(problem: MessageKey, isInvalid: Bool = false, reference: RequestID? = nil) -> SignInForm {
        var form = self
        form.problem = problem
        form.isInvalid = isInvalid
        form.reference = reference
        return form
    }

    /// Too many attempts: the fields are not at fault, time is.
    func with(pause: SignInPause) -> SignInForm {
        var form = self
        form.pause = pause
        return form
    }

    func page(csrf: String, _ messages: Messages) -> Page {
        let title = messages.text(.signInTitle)
        let hasProblem = problem != nil || pause != nil
        var destination: [String: Any]?
        if let place = onward.place {
            let (before, after) = messages.parts(.signInLeadTo, around: "app")
            destination = ["before": before, "app": place.title, "after": after]
        }
        return Page(
            template: .signIn,
            title: !hasProblem ? title : messages.text(.errorPrefix) + " " + title,
            messages: messages,
            reference: reference?.description,
            values: [
                "destination": destination ?? false,
                "hasProblem": hasProblem,
                "problem": problem.map { messages.text($0) } ?? false,
                "pause": pause.map { $0.values(messages) } ?? false,
                "status": status.map { messages.text($0) } ?? false,
                "invalid": isInvalid,
                "csrf": csrf,
                "rd": onward.place?.url ?? "",
                "state": onward.state ?? "",
                "retry": onward.isRetry ? "1" : "",
                "userName": userName,
                "hasUserName": !userName.isEmpty,
            ]
        )
    }
}
