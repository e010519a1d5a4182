internal import GatehouseCore
package import NIOCore

/// Error pages and problem documents for the data plane: synchronous, pure, the same for every loop.
package struct PortalPages: Sendable {
    package enum Format: Sendable, Equatable {
        case html
        /// `application/problem+json` (RFC 9457)
        case problem

        /// A page for who asks for `text/html`, a problem document for everybody else.
        package init(accept: String?) {
            let members = ByteText.members(of: (accept ?? "")[...].utf8, separator: ByteText.comma)
            let ranges = members.map { ByteText.trimmed(ByteText.halves(of: $0, at: ByteText.semicolon).0) }
            let hasPage = ranges.contains { range in
                ["text/html", "application/xhtml+xml"].contains { ByteText.isSameIgnoringCase(range, $0) }
            }
            self = hasPage ? .html : .problem
        }
    }

    package struct Rendered: Sendable {
        package let status: Int
        package let contentType: String
        package let body: ByteBuffer
        /// Security and caching fields, `Content-Type` left out.
        package let fields: [(name: String, value: String)]
    }

    private let configuration: PortalConfiguration
    private let catalogue: MessageCatalogue
    private let security: SecurityFields

    package init(configuration: PortalConfiguration) {
        self.init(configuration: configuration, catalogue: .standard)
    }

    init(configuration: PortalConfiguration, catalogue: MessageCatalogue) {
        self.configuration = configuration
        self.catalogue = catalogue
        security = SecurityFields(isSecure: configuration.origin.scheme == .https)
    }

    /// - Parameter acceptLanguage: the request's field, where it has one.
    package func render(_ page: ErrorPage, format: Format, acceptLanguage: String? = nil) -> Rendered {
        let messages = catalogue.messages(for: acceptLanguage)
        return switch format {
        case .html: html(page, messages)
        case .problem: problem(page, messages)
        }
    }

    private func problem(_ page: ErrorPage, _ messages: Messages) -> Rendered {
        var members = [
            ("type", JSONText.string("urn:gatehouse:problem:" + page.problemName)),
            ("title", JSONText.string(page.title(messages))),
            ("status", String(page.status)),
            ("detail", JSONText.string(page.sentences(messages).joined(separator: " "))),
            ("reference", JSONText.string(page.reference.description)),
        ]
        if case .signInNeeded(let url) = page.kind { members.append(("sign_in", JSONText.string(url))) }
        return Rendered(
            status: page.status,
            contentType: "application/problem+json",
            body: ByteBuffer(string: JSONText.object(members) + "\n"),
            fields: security.data + [("Content-Language", messages.tag)]
        )
    }

    private func html(_ page: ErrorPage, _ messages: Messages) -> Rendered {
        let assetOrigin = hasForeignHost(page) ? configuration.origin : nil
        let document = self.page(page, messages, assetOrigin: assetOrigin)
        return Rendered(
            status: page.status,
            contentType: "text/html; charset=utf-8",
            body: document.render(productName: configuration.productName),
            fields: security.page(assetOrigin: assetOrigin)
        )
    }

    func page(_ page: ErrorPage, _ messages: Messages, assetOrigin: Origin? = nil) -> Page {
        Page(
            template: .notice,
            title: messages.text(.errorPrefix) + " " + page.title(messages),
            messages: messages,
            reference: page.reference.description,
            assetOrigin: assetOrigin?.description ?? "",
            values: [
                "app": app(of: page) ?? false,
                "heading": page.title(messages),
                "sentences": page.sentences(messages),
                "links": links(page, messages),
            ]
        )
    }

    /// These may be answered on a host that serves no style sheet.
    private func hasForeignHost(_ page: ErrorPage) -> Bool {
        switch page.kind {
        case .unknownHost, .badRequest, .headTooLarge, .targetTooLong: true
        default: false
        }
    }

    private func app(of page: ErrorPage) -> String? {
        if case .denied(let app, _, _) = page.kind { app } else { nil }
    }

    private func links(_ page: ErrorPage, _ messages: Messages) -> [[String: Any]] {
        let launcher = link(messages.text(.toLauncher), "\(configuration.origin)/", isPrimary: true)
        return switch page.kind {
        case .denied(_, _, .some):
            [launcher, link(messages.text(.signOut), "\(configuration.origin)/logout")]
        case .signInNeeded(let url): [link(messages.text(.signInButton), url, isPrimary: true)]
        case .linkRefused(let url): [link(messages.text(.startAgain), url, isPrimary: true)]
        // An empty reference is the page itself, asked for with GET.
        case .upstreamFailed, .upstreamSilent, .unavailable:
            [
                link(messages.text(.retry), "", isPrimary: true),
                link(messages.text(.toLauncher), "\(configuration.origin)/"),
            ]
        case .unknownHost, .badRequest, .headTooLarge, .targetTooLong, .bodyTooLarge: []
        default: [launcher]
        }
    }

    private func link(_ label: String, _ url: String, isPrimary: Bool = false) -> [String: Any] {
        ["label": label, "url": url, "isPrimary": isPrimary]
    }
}
