internal import GatehouseCore
internal import NIOCore
internal import Sessions

/// One request with what the portal reads from it.
struct Visit: Sendable {
    let request: PortalRequest
    let cookies: RequestCookies
    let query: FormFields
    let messages: Messages

    init(_ request: PortalRequest, catalogue: MessageCatalogue) {
        self.request = request
        cookies = RequestCookies(request)
        query = FormFields(query: request.query)
        messages = catalogue.messages(for: request.value(of: "accept-language"))
    }

    /// Where the visitor comes from; `nil` where that is not known, as behind a Unix socket.
    var address: SourceAddress? { request.address == .unspecified ? nil : request.address }

    /// Address and browser, for lists of sessions and the audit trail. Who names two browsers names none.
    var client: SessionClient {
        SessionClient(address: address?.description ?? "", userAgent: request.value(of: "user-agent") ?? "")
    }

    /// The fields of the body. Anything but the portal's own kind of form is refused with a page that says so.
    func form() async throws -> FormFields {
        let types = request.values(of: "content-type")
        guard types.count == 1, Self.isForm(types[0]) else { throw PageFailure(.mediaType) }
        let body: ByteBuffer
        do {
            body = try await request.body(FormFields.bodyLimit)
        } catch is BodyTooLarge {
            throw PageFailure(.bodyTooLarge)
        } catch {
            // The client went away or its framing broke: nobody reads the answer.
            throw PageFailure(.badRequest)
        }
        guard body.readableBytes <= FormFields.bodyLimit else { throw PageFailure(.bodyTooLarge) }
        do {
            return try FormFields(parsing: body.readableBytesView)
        } catch {
            throw PageFailure(.badRequest)
        }
    }

    private static func isForm(_ type: String) -> Bool {
        let essence = ByteText.halves(of: type[...].utf8, at: ByteText.semicolon).0
        return ByteText.isSameIgnoringCase(ByteText.trimmed(essence), "application/x-www-form-urlencoded")
    }
}

/// Ends the handling of a request with an error page.
struct PageFailure: Error {
    let kind: ErrorPage.Kind

    init(_ kind: ErrorPage.Kind) {
        self.kind = kind
    }
}
