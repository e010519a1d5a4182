internal import GatehouseCore
internal import HTTPTypes
internal import Hummingbird
internal import Logging
internal import NIOCore

/// Finds the handler of a path and method. Hummingbird's router does the work; none of its types leaves this file.
struct PortalRouter: Sendable {
    typealias Handler = @Sendable (Visit) async throws -> PortalResponse

    /// The handlers of one path by method.
    struct Page: Sendable {
        let path: String
        let handlers: [RequestMethod: Handler]

        /// HEAD answers wherever GET does.
        static func get(_ path: String, _ handler: @escaping Handler, post: Handler? = nil) -> Page {
            var handlers: [RequestMethod: Handler] = [.get: handler, .head: handler]
            handlers[.post] = post
            return Page(path: path, handlers: handlers)
        }

        /// For what acts on GET and so must not answer HEAD.
        static func getOnly(_ path: String, _ handler: @escaping Handler) -> Page {
            Page(path: path, handlers: [.get: handler])
        }
    }

    private let responder: RouterResponder<VisitContext>
    private let logger: Logger

    /// - Parameter methodNotAllowed: answers a known path under another method; `Allow` is added here.
    init(_ pages: [Page], logger: Logger, methodNotAllowed: @escaping Handler) {
        let router = Router(context: VisitContext.self)
        for page in pages {
            let allowed = RequestMethod.allCases.filter { page.handlers[$0] != nil }.map(\.rawValue)
            for method in RequestMethod.allCases {
                let handler =
                    page.handlers[method]
                    ?? { visit in
                        try await methodNotAllowed(visit).setting("Allow", allowed.joined(separator: ", "))
                    }
                router.on(RouterPath(page.path), method: Self.method(method)) { _, context in
                    try await Response(handler(context.visit))
                }
            }
        }
        responder = router.buildResponder()
        self.logger = logger
    }

    /// - Returns: `nil` where nothing has this path.
    func respond(to visit: Visit) async throws -> PortalResponse? {
        let head = HTTPRequest(
            method: Self.method(RequestMethod(rawValue: visit.request.method) ?? .other),
            scheme: nil,
            authority: nil,
            path: visit.request.path
        )
        // The body stays with the visit: a handler reads it by a limit of its own.
        let request = Request(head: head, body: RequestBody(buffer: ByteBuffer()))
        let context = VisitContext(source: VisitContext.Source(logger: logger, visit: visit))
        let response = try await responder.respond(to: request, context: context)
        // Every handler sets a Content-Type or a Location; the router's own "not found" has neither.
        if response.status == .notFound, response.headers[.contentType] == nil { return nil }
        return try await PortalResponse(response)
    }

    private static func method(_ method: RequestMethod) -> HTTPRequest.Method {
        HTTPRequest.Method(method.rawValue) ?? .get
    }
}

/// Carries a visit through the router.
private struct VisitContext: RequestContext {
    struct Source: RequestContextSource {
        let logger: Logger
        let visit: Visit
    }

    var coreContext: CoreRequestContextStorage
    let visit: Visit

    init(source: Source) {
        coreContext = CoreRequestContextStorage(source: source)
        visit = source.visit
    }
}

extension Response {
    fileprivate init(_ response: PortalResponse) {
        var headers = HTTPFields()
        for (name, value) in response.fields {
            if let name = HTTPField.Name(name) { headers.append(HTTPField(name: name, value: value)) }
        }
        self.init(
            status: HTTPResponse.Status(code: response.status),
            headers: headers,
            body: ResponseBody(byteBuffer: response.body)
        )
    }
}

extension PortalResponse {
    fileprivate init(_ response: Response) async throws {
        let body = CollectedBody()
        try await response.body.write(body)
        self.init(
            status: response.status.code,
            fields: response.headers.filter { $0.name != .contentLength }.map { ($0.name.rawName, $0.value) },
            body: body.buffer
        )
    }
}

/// A body written into memory. One task writes it and reads it afterwards.
private final class CollectedBody: ResponseBodyWriter {
    private(set) var buffer = ByteBuffer()

    func write(_ buffer: ByteBuffer) async throws {
        self.buffer.writeImmutableBuffer(buffer)
    }

    consuming func finish(_ trailingHeaders: HTTPFields?) async throws {}
}
