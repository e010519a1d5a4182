internal import GatehouseCore

/// The fields that go with every page (docs/security-rules.md, rule 25). No script at all is allowed: there is none.
struct SecurityFields: Sendable {
    let isSecure: Bool

    /// - Parameters:
    ///   - formTargets: origins besides the page's own that a form's answer may lead to: Chromium applies `form-action` to
    ///     redirects after a POST.
    ///   - assetOrigin: where style sheet and icon come from, if not from the page's own origin.
    func page(formTargets: [Origin] = [], assetOrigin: Origin? = nil) -> [(name: String, value: String)] {
        let own = assetOrigin.map { "'self' \($0)" } ?? "'self'"
        let targets = (["'self'"] + formTargets.map(\.description)).joined(separator: " ")
        return [
            (
                "Content-Security-Policy",
                "default-src 'none'; style-src \(own); img-src \(own) data:; base-uri 'none'; frame-ancestors 'none'; "
                    + "form-action \(targets)"
            ),
            // Not `no-referrer`: with it a browser sends `Origin: null` with the page's own forms.
            ("Referrer-Policy", "same-origin"),
            ("X-Frame-Options", "DENY"),
            (
                "Permissions-Policy",
                "camera=(), microphone=(), geolocation=(), payment=(), usb=(), display-capture=(), browsing-topics=()"
            ),
        ] + document
    }

    /// For what is no page: problem documents and JSON.
    var data: [(name: String, value: String)] {
        [("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"), ("Referrer-Policy", "no-referrer")]
            + document
    }

    /// For style sheet and icon, whose path names their content.
    var asset: [(name: String, value: String)] {
        [("Cache-Control", "public, max-age=31536000, immutable"), ("X-Content-Type-Options", "nosniff")] + transport
    }

    private var document: [(name: String, value: String)] {
        [("Cache-Control", "no-store"), ("X-Content-Type-Options", "nosniff")] + transport
    }

    var transport: [(name: String, value: String)] {
        isSecure ? [("Strict-Transport-Security", "max-age=31536000")] : []
    }
}
