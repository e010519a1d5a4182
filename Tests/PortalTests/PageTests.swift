import GatehouseCore
import NIOCore
import Policy
import Sessions
import Testing

@testable import Portal

@Suite("Pages")
struct PageTests {
    /// Names and texts that a page asks for and does not have. Mustache renders those as nothing.
    private func missing(_ page: Page) -> [String] {
        var names: [String] = []
        _ = page.render(productName: "Gatehouse") { names.append($0) }
        return names
    }

    private let messages = MessageCatalogue.standard.messages(for: nil)

    @Test("Every name in a template has a value", arguments: PageTemplate.allCases)
    func names(template: PageTemplate) throws {
        for page in try pages(template) {
            #expect(page.template == template)
            #expect(missing(page).isEmpty)
        }
    }

    /// The pages of a template as the handlers make them, with and without what is optional.
    private func pages(_ template: PageTemplate) throws -> [Page] {
        let environment = try TestPortal().service.environment
        let now = Timestamp(milliseconds: 0)
        let subject = TestPortal.subject("alice", groups: ["sales"], attributes: ["name": ["Alice"]])
        let session = Session(
            id: .random(),
            facts: SessionFacts(subject: subject, checkedAt: now, digest: "v1"),
            authenticationMethods: ["pwd"],
            createdAt: now,
            absoluteEnd: now,
            idleEnd: now
        )
        let live = LiveSession(token: .random(), session: session)
        switch template {
        case .signIn:
            let known = FormFields(query: "rd=https%3A%2F%2Fcrm.example.com%2F&state=" + wellFormed)
            let bare = SignInForm(onward: Onward(environment: environment, fields: .none))
            let full = SignInForm(
                onward: Onward(environment: environment, fields: known),
                userName: "alice",
                status: .signedOut
            )
            let refused = full.with(problem: .signInRefused, isInvalid: true, reference: .random())
            let locked = full.with(pause: SignInPause(.seconds(900), from: now))
            return [bare, refused, locked].map { $0.page(csrf: "c", messages) }
        case .launcher:
            let routes = RouteTable(apps: [], roles: RoleTable([]), portal: TestPortal.portal)
            let empty = try TestPortal(routes: routes).service.environment
            let address = try #require(SourceAddress("192.0.2.1"))
            return [environment, empty].map { Launcher(environment: $0).page(live, address: address, messages) }
        case .signOut:
            let signOut = SignOut(environment: environment)
            return [signOut.page(live, messages), signOut.page(live, messages, problem: .otherSite)]
        case .appSignOut:
            return [AppSignOut(environment: environment).question("crm.example.com", messages)]
        case .notice:
            return [
                AppSignOut(environment: environment)
                    .notice("crm.example.com", messages, .signedOutHereTitle, .signedOutHereLead),
                environment.pages.page(ErrorPage(.notFound, reference: .random()), messages),
            ]
        }
    }

    /// Values are escaped before a template sees them, so that a template writes each of them as it is. Two braces would
    /// escape it twice.
    @Test("Every value is written with three braces")
    func braces() {
        for source in PageTemplate.allCases.map(\.source) + PageTemplate.Frame.allCases.map(\.source) {
            for tag in source.split(separator: "{{").dropFirst() {
                #expect("{#^/<$".contains(tag.first ?? " "), "{{\(tag.prefix(20))")
            }
            #expect(!source.contains("<script"))
            #expect(!source.contains("style="))
        }
    }

    /// Every text that a page holds, wherever it stands, in place of its own: lists, sections and parents included.
    private func filled(_ page: Page, with text: String) -> Page {
        func fill(_ value: Any) -> Any {
            switch value {
            case is Bool: value
            case let list as [Any]: list.map(fill)
            case let members as [String: Any]: members.mapValues(fill)
            default: text
            }
        }
        let texts = Dictionary(uniqueKeysWithValues: MessageKey.allCases.map { ($0, text) })
        let language = MessageLanguage(tag: text, texts: texts)
        return Page(
            template: page.template,
            title: text,
            messages: Messages(language: language, fallback: language),
            reference: page.reference == nil ? nil : text,
            assetOrigin: text,
            values: page.values.mapValues(fill)
        )
    }

    @Test(
        "Every value of every template is escaped, whatever follows a quote",
        arguments: PageTemplate.allCases,
        ["\u{301}", "\u{FE0F}", "\u{200D}", "\u{338}", ""]
    )
    func hostileValues(template: PageTemplate, mark: String) throws {
        let hostile = "\"\(mark)<\(mark)>\(mark)&\(mark)'\(mark){{x}}"
        let safe = "&quot;\(mark)&lt;\(mark)&gt;\(mark)&amp;\(mark)&#39;\(mark){{x}}"
        var all = try pages(template)
        if template == .notice {
            let errors = PortalPages(configuration: try TestPortal().configuration)
            all += Self.kinds.map { errors.page(ErrorPage($0, reference: .random()), messages) }
        }
        for page in all {
            let plain = String(buffer: filled(page, with: "@@").render(productName: "@@"))
            let text = String(buffer: filled(page, with: hostile).render(productName: hostile))
            #expect(plain.contains("@@"))
            #expect(Array(text.utf8) == replaced(plain, "@@", by: safe))
        }
    }

    private func replaced(_ text: String, _ old: String, by new: String) -> [UInt8] {
        var result: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            if rest.starts(with: old.utf8) {
                result += new.utf8
                rest = rest.dropFirst(old.utf8.count)
            } else {
                result.append(rest.removeFirst())
            }
        }
        return result
    }

    @Test("A name of the sign-in page stays inside its attribute", arguments: ["\u{301}", "\u{FE0F}", "\u{200D}"])
    func userName(mark: String) throws {
        let onward = Onward(environment: try TestPortal().service.environment, fields: .none)
        let form = SignInForm(onward: onward, userName: "x\"\(mark) autofocus onfocus=alert(1) \r\n\n\u{301}\0\u{301}y")
        let text = String(buffer: form.page(csrf: "c", messages).render(productName: "Gatehouse"))
        #expect(
            text.utf8.firstRange(of: "value=\"x&quot;\(mark) autofocus onfocus=alert(1) \u{301}\u{301}y\"".utf8) != nil
        )
    }

    @Test("Every text is used, and every text that is used exists")
    func texts() throws {
        let templates = (PageTemplate.allCases.map(\.source) + PageTemplate.Frame.allCases.map(\.source)).joined()
        for part in templates.split(separator: "{{t.").dropFirst() {
            let name = String(part.prefix { $0 != "}" })
            #expect(MessageKey(rawValue: name) != nil, "{{t.\(name)}}")
        }
        let code = try SourceFiles.portal.filter {
            $0.name != "MessageKey.swift" && !$0.name.hasPrefix("MessageLanguage")
        }
        .map(\.text).joined()
        for key in MessageKey.allCases {
            let isUsed = templates.contains("{{t.\(key.rawValue)}}") || code.contains(key: key.rawValue)
            #expect(isUsed, "\(key.rawValue) is never shown")
        }
    }

    @Test("Each kind of error has a page and a document that name the reference", arguments: Self.kinds)
    func errors(kind: ErrorPage.Kind) throws {
        let portal = try TestPortal()
        let page = ErrorPage(kind, reference: .random())
        let pages = PortalPages(configuration: portal.configuration)
        let html = pages.render(page, format: .html)
        let text = String(buffer: html.body)
        #expect(missing(pages.page(page, messages)).isEmpty)
        #expect(html.status == page.status)
        #expect(text.contains("Reference <code>\(page.reference)</code>"))
        #expect(text.contains("<title>Error: "))
        #expect(text.split(separator: "<h1").count == 2)
        #expect(!text.contains("<b>") && !text.contains("{app}"))
        let problem = String(buffer: pages.render(page, format: .problem).body)
        #expect(problem.contains("\"status\":\(page.status)"))
        #expect(problem.contains("\"reference\":\"\(page.reference)\""))
        #expect(problem.contains("\"type\":\"urn:gatehouse:problem:\(page.problemName)\""))
    }

    static let kinds: [ErrorPage.Kind] = [
        .badRequest, .signInNeeded(url: "https://login.example.com/login?rd=x&state=y"), .otherSite, .notFound,
        .methodNotAllowed, .bodyTooLarge, .targetTooLong, .mediaType, .unknownHost, .headTooLarge, .internalError,
        .upstreamFailed(app: "<b>CRM</b>"), .unavailable, .upstreamSilent(app: "CRM"), .linkRefused(startAgain: "/"),
        .denied(app: "<b>CRM</b>", reason: .noRule, person: nil),
        .denied(app: "CRM", reason: .missingRole(anyOf: ["<b>", "c"]), person: "<b>Eve</b>"),
        .denied(app: "CRM", reason: .missingRole(anyOf: ["sales"]), person: "Bob"),
        .denied(app: "CRM", reason: .missingPermission("leads.read"), person: "Bob"),
        .denied(app: "CRM", reason: .network, person: "Bob"), .denied(app: "CRM", reason: .nobody, person: "Bob"),
        .denied(app: "CRM", reason: .boundSegment(attribute: "organization"), person: "Bob"),
        .denied(app: "CRM", reason: .ambiguousPath, person: "Bob"),
        .denied(app: "CRM", reason: .otherDirectory, person: "Bob"),
    ]

    @Test("A denial names the app, the reason and the person, and offers the launcher and the sign-out")
    func denied() throws {
        let portal = try TestPortal()
        let page = ErrorPage(
            .denied(app: "CRM", reason: .missingRole(anyOf: ["sales"]), person: "Bob & Söhne"),
            reference: .random()
        )
        let text = String(buffer: PortalPages(configuration: portal.configuration).render(page, format: .html).body)
        #expect(text.contains(">CRM<"))
        #expect(text.contains("It takes the role sales, which your account does not have."))
        #expect(text.contains("You are signed in as Bob &amp; Söhne."))
        #expect(text.contains("href=\"https://login.example.com/\""))
        #expect(text.contains("href=\"https://login.example.com/logout\""))
    }

    @Test("A page for an unknown host takes its style from the portal")
    func foreignHost() throws {
        let pages = PortalPages(configuration: try TestPortal().configuration)
        let rendered = pages.render(ErrorPage(.unknownHost, reference: .random()), format: .html)
        #expect(String(buffer: rendered.body).contains("href=\"https://login.example.com/.gatehouse/assets/style-"))
        let policy = rendered.fields.first { $0.name == "Content-Security-Policy" }?.value
        #expect(policy?.contains("style-src 'self' https://login.example.com;") == true)
    }

    @Test("A problem document is JSON whatever a title holds")
    func problemEscapes() throws {
        let pages = PortalPages(configuration: try TestPortal().configuration)
        let page = ErrorPage(.upstreamFailed(app: "a\"b\\c\n\u{2028}\u{1}"), reference: .random())
        let rendered = pages.render(page, format: .problem)
        #expect(rendered.contentType == "application/problem+json")
        #expect(String(buffer: rendered.body).contains("\"title\":\"a\\\"b\\\\c\\n\\u2028\\u0001 is not responding\""))
    }

    @Test(
        "A page for who asks for one",
        arguments: [
            ("text/html,application/xhtml+xml;q=0.9,*/*;q=0.8", PortalPages.Format.html), ("Text/HTML ;q=0.5", .html),
            ("application/json", .problem), ("*/*", .problem), ("", .problem), (nil, .problem),
        ] as [(String?, PortalPages.Format)]
    )
    func format(accept: String?, format: PortalPages.Format) {
        #expect(PortalPages.Format(accept: accept) == format)
    }
}

extension String {
    /// Whether `.name` stands here as a whole word.
    func contains(key: String) -> Bool {
        var rest = self[...]
        while let start = String(rest).range(after: "." + key) {
            let tail = String(rest)[start...]
            if let next = tail.first, !next.isLetter, !next.isNumber { return true }
            rest = Substring(tail)
        }
        return false
    }
}
