internal import Mustache

/// The pages' mark-up. A template names values and texts (`{{{t.…}}}`), always with three braces: ``Page`` has escaped each
/// of them before, since two braces would leave that to swift-mustache, which overlooks a quote with an accent.
enum PageTemplate: String, CaseIterable, Sendable {
    case signIn
    case launcher
    case signOut
    case appSignOut
    case notice

    /// The frames that the pages fill in.
    enum Frame: String, CaseIterable {
        case document
        case card
    }

    var source: String {
        switch self {
        case .signIn: Self.signInSource
        case .launcher: Self.launcherSource
        case .signOut: Self.signOutSource
        case .appSignOut: Self.appSignOutSource
        case .notice: Self.noticeSource
        }
    }

    static let library: MustacheLibrary = {
        var library = MustacheLibrary()
        let frames = Frame.allCases.map { ($0.rawValue, $0.source) }
        for (name, source) in frames + PageTemplate.allCases.map({ ($0.rawValue, $0.source) }) {
            do {
                try library.register(source, named: name)
            } catch {
                preconditionFailure("the template \(name) does not parse: \(error)")
            }
        }
        return library
    }()
}

extension PageTemplate.Frame {
    var source: String {
        switch self {
        case .document: Self.documentSource
        case .card: Self.cardSource
        }
    }

    private static let documentSource = """
        <!doctype html>
        <html lang="{{{language}}}" dir="{{{direction}}}">
        <head>
        <meta charset="utf-8">
        <title>{{{title}}} · {{{product}}}</title>
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="robots" content="noindex">
        <link rel="stylesheet" href="{{{stylesheet}}}">
        <link rel="icon" type="image/svg+xml" href="{{{icon}}}">
        </head>
        {{$body}}{{/body}}
        </html>

        """

    /// One matter in the middle of the page: sign-in, questions, errors.
    private static let cardSource = """
        {{<document}}
        {{$body}}
        <body class="single">
        <header class="brand"><img src="{{{icon}}}" alt="" width="40" height="40"><span>{{{product}}}</span></header>
        <main class="card">
        {{$main}}{{/main}}
        </main>
        <footer><p>{{{t.help}}}</p>{{#reference}}<p class="reference">{{{t.reference}}} <code>{{{reference}}}</code></p>{{/reference}}</footer>
        </body>
        {{/body}}
        {{/document}}

        """
}
